import { COMPARISON } from '../measures/testing';
import { answering, button, Refusal, shown, until } from '../workbench/testing';
import { ArtifactComparisonModel } from './model';
import { ArtifactComparisonView } from './view';

const REFS = COMPARISON.artifacts.map(({ ref }) => ref);

describe('Artifacts side by side', () => {
  it('show what was measured, what differs, and where measures come from', async () => {
    const workbench = answering({ 'GET artifact-comparison': COMPARISON });
    const model = new ArtifactComparisonModel(workbench, REFS);
    await until(() => model.value !== null);
    const node = await shown(new ArtifactComparisonView(model));
    const text = node.textContent;
    expect(text).toContain('3 artifacts side by side');
    expect(text).toContain('Size against quality');
    expect(text).toContain('≠ size300 MB150 MB90 MB');
    expect(text).toContain('≠ rows–6464');
    expect(text).toContain('Made from≠ model–bot@1bot@1');
    expect(text).not.toContain('kindmodel');
    expect(text).toContain('What bot-q2_k@1 does not state itself was measured by');
    button(node, 'my-evaluation@2').click();
    button(node, 'q8_0').click();
    expect(workbench.opened).toEqual([
      ['artifact', { ref: 'my-evaluation@2' }],
      ['artifact', { ref: 'bot-q8_0@1' }]
    ]);
    model.all = true;
    await until(() => node.textContent.includes('kindmodelmodelmodel'));
    model.dispose();
  });

  it('say what to do where nothing was measured', async () => {
    const nothing = { ...COMPARISON, measures: [], evaluations: [null, null, null] };
    const model = new ArtifactComparisonModel(
      answering({ 'GET artifact-comparison': nothing }),
      REFS
    );
    await until(() => model.value !== null);
    const node = await shown(new ArtifactComparisonView(model));
    expect(node.textContent).toContain('evaluate them to compare their quality');
    model.dispose();
  });

  it('say which is not there, and can be asked for again', async () => {
    const none = new Refusal(404, { code: 'artifact_not_found', detail: 'There is no bot@9.' });
    const model = new ArtifactComparisonModel(answering({ 'GET artifact-comparison': none }), REFS);
    await until(() => model.state.kind === 'failed');
    const node = await shown(new ArtifactComparisonView(model));
    expect(node.textContent).toContain('There is no bot@9.');
    expect(button(node, 'Try again')).toBeTruthy();
    model.dispose();
  });
});
