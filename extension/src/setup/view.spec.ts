import { SetupModel } from './model';
import { Answers, answering, button, Refusal, shown, until } from '../workbench/testing';
import { artifact, READY, TEMPLATE } from './testing';
import { SetupView } from './view';

const ANSWERS: Answers = {
  'GET templates/tune': TEMPLATE,
  'GET artifacts': { artifacts: [artifact('tiny', 1)], total: 1, kinds: {} },
  'POST preflight': READY,
  'POST jobs': { id: 'tune-1' }
};

const TOO_LARGE = {
  name: 'memory',
  status: 'blocked',
  sentence: 'It takes more memory than there is.',
  mend: { sentence: 'Use rank 4', parameters: { rank: 4 } }
};

async function panel(answers: Answers = {}) {
  const workbench = answering({ ...ANSWERS, ...answers });
  const model = new SetupModel(workbench, { template: 'tune', changes: { title: 'x' } }, 5);
  const node = await shown(new SetupView(model));
  return { workbench, model, node };
}

const reads = (node: HTMLElement, text: string) => until(() => node.textContent.includes(text));

describe('SetupView', () => {
  it('says that it waits for the server', async () => {
    const { node } = await panel({ 'GET templates/tune': () => new Promise(() => undefined) });
    expect(node.querySelector('[role=status]')?.textContent).toBe('Asking the server…');
  });

  it('says why there is no form, and asks again', async () => {
    let asked = 0;
    const gone = new Refusal(503, { code: 'busy', detail: 'The server is busy.' });
    const { node } = await panel({ 'GET templates/tune': () => (asked++ ? TEMPLATE : gone) });
    await reads(node, 'The server is busy.');
    button(node, 'Try again').click();
    await reads(node, 'Tunes a model.');
  });

  it('marks the field that is wrong, and does not run', async () => {
    const { model, node } = await panel();
    await reads(node, 'Ready');
    model.change({ rank: 65 });
    await reads(node, 'Not ready: see the marked fields');
    expect(node.textContent).toContain('Rank must be at most 64.');
    expect(button(node, 'Run').disabled).toBe(true);
  });

  it('has a box for each thing that a list may hold, in the order of the choices', async () => {
    const types = {
      title: 'Types',
      type: 'array',
      items: { enum: ['f16', 'q8_0', 'q4_k_m'], type: 'string' },
      default: ['q8_0']
    };
    const { schema } = TEMPLATE;
    const properties = { ...(schema.properties as object), types };
    const template = { ...TEMPLATE, schema: { ...schema, properties } };
    const { model, node } = await panel({ 'GET templates/tune': template });
    await reads(node, 'Ready');
    const boxes = [
      ...node.querySelectorAll<HTMLInputElement>('[aria-labelledby$="types__label"] input')
    ];
    expect(boxes.map(({ checked }) => checked)).toEqual([false, true, false]);
    const chosen = () => model.values.types as string[];
    boxes.at(2)?.click();
    boxes.at(0)?.click();
    await until(() => chosen().length === 3);
    expect(chosen()).toEqual(['f16', 'q8_0', 'q4_k_m']);
    boxes.at(1)?.click();
    await until(() => chosen().length === 2);
    expect(chosen()).toEqual(['f16', 'q4_k_m']);
  });

  it('offers the models that its template takes, and the one that is chosen', async () => {
    const embedder = { ...artifact('mini', 1), metadata: { embedding: {} } };
    const artifacts = [artifact('tiny', 1), artifact('other', 2), embedder];
    const { model, node } = await panel({
      'GET templates/tune': { ...TEMPLATE, accepts: ['safetensors'] },
      'GET artifacts': { artifacts, total: 3, kinds: {} }
    });
    await reads(node, 'Ready');
    const offered = () =>
      [...node.querySelectorAll('select[id$=_base_model] option')].map(
        ({ textContent }) => textContent
      );
    expect(offered().join()).toContain('other');
    expect(offered().join()).not.toContain('mini');
    model.change({ base_model: 'mini' });
    await until(() => offered().join().includes('mini'));
  });

  it('takes what is dragged out of the file browser as paths of a list of files', async () => {
    const { model, node } = await panel();
    await reads(node, 'Ready');
    const drag = new Event('lm-drop', { bubbles: true, cancelable: true });
    const mimeData = { hasData: () => true, getData: () => ['guide', 'notes/a.md'] };
    Object.assign(drag, { mimeData, proposedAction: 'move' });
    node.querySelector('.jp-ModelOps-drop')?.dispatchEvent(drag);
    await until(() => (model.values.papers as string[]).length === 2);
    const lines = node.querySelector<HTMLTextAreaElement>('textarea[id$=_papers]');
    await until(() => lines?.value === 'guide\nnotes/a.md');
  });

  it('shows why it is not ready, mends it with a button, and runs anyway where that is wanted', async () => {
    const { model, node, workbench } = await panel({
      'POST preflight': (body: { parameters: { rank?: number } }) =>
        body.parameters.rank === 4 ? READY : { ...READY, ready: false, checks: [TOO_LARGE] }
    });
    await reads(node, TOO_LARGE.sentence);
    expect(button(node, 'Run').textContent).toBe('Run anyway');
    button(node, 'Use rank 4').click();
    await reads(node, 'Ready');
    expect(model.values.rank).toBe(4);
    await until(() => button(node, 'Run').textContent === 'Run');
    model.reset('rank');
    await reads(node, 'Run anyway');
    button(node, 'Run anyway').click();
    await until(() => workbench.asked.some(({ what }) => what === 'POST jobs'));
  });

  it('makes the environment that is missing, shows how far it is, and looks again', async () => {
    const task = {
      id: 'task-1',
      kind: 'create-environment',
      name: 'small',
      result: null,
      problem: null
    };
    const missing = {
      name: 'environment',
      status: 'blocked',
      sentence: 'The environment is not there.',
      mend: {
        sentence: 'Create it (2 MB): modelops env create small',
        action: { kind: 'create-environment', environment: 'small' }
      }
    };
    const progress = { text: 'Installing greeting 1.0', fraction: null };
    let made = false;
    const { node } = await panel({
      'POST preflight': () => (made ? READY : { ...READY, ready: false, checks: [missing] }),
      'POST environments/small': { ...task, state: 'running', progress },
      'GET tasks/task-1': () => ({ ...task, state: made ? 'succeeded' : 'running', progress })
    });
    await reads(node, missing.mend.sentence);
    button(node, 'Create the environment').click();
    await reads(node, 'Adding small… Installing greeting 1.0');
    expect(button(node, 'Create the environment').disabled).toBe(true);
    made = true;
    await until(() => !node.textContent.includes(missing.sentence));
    expect(button(node, 'Run').textContent).toBe('Run');
  });

  it('says why a run was not queued', async () => {
    const { node } = await panel({
      'POST jobs': new Refusal(503, { code: 'busy', detail: 'Try it in a minute.' })
    });
    await reads(node, 'Ready');
    button(node, 'Run').click();
    await reads(node, 'Try it in a minute.');
  });
});
