import { RenderMimeRegistry } from '@jupyterlab/rendermime';
import type { VDomRenderer } from '@jupyterlab/ui-components';
import { Widget } from '@lumino/widgets';

import type { Artifact, ArtifactDetail } from '../api';
import { Answers, answering, Refusal } from '../workbench/testing';
import { aliasesElsewhere } from './aliases';
import { Checks } from './checks';
import { ListingModel } from './listing';
import { ListingView } from './listing-view';
import { ArtifactModel } from './model';
import { Steps } from './steps';
import { ArtifactView } from './view';

const ARTIFACT: Artifact = {
  ref: 'bot@2',
  name: 'bot',
  version: 2,
  kind: 'adapter',
  created: '2026-01-01T00:00:00Z',
  size: 1234,
  digest: 'd2',
  job: 'sft-1',
  aliases: ['production'],
  rejected: [],
  metadata: { rank: 16 }
};

const DETAIL: ArtifactDetail = {
  ...ARTIFACT,
  files: [{ path: 'README.md', sha256: 'ab', size: 2 }],
  dependencies: [{ name: 'base_model', uri: 'modelops:artifact/tiny@1', digest: 'd1' }],
  signer: 'key',
  problem: null,
  card: null,
  versions: [
    { version: 2, created: '2026-01-01T00:00:00Z', aliases: ['production'] },
    { version: 1, created: '2025-01-01T00:00:00Z', aliases: ['stable'] }
  ]
};

const PROBLEM = { code: 'size_mismatch', detail: 'One byte is missing.', hint: 'Make it again.' };

/** Wait until the server has been heard. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await new Promise(done => setTimeout(done, 0));
  }
}

/** What a person reads in a view. */
async function read(view: VDomRenderer<VDomRenderer.IModel>): Promise<string> {
  Widget.attach(view, document.body);
  await settled();
  await view.renderPromise;
  const text = view.node.textContent;
  view.dispose();
  return text;
}

function opened(answers: Answers): { model: ArtifactModel } {
  const workbench = answering({ 'GET templates': { templates: [] }, ...answers });
  const { api } = workbench;
  return { model: new ArtifactModel(workbench, new Checks(api), new Steps(api), { ref: 'bot@2' }) };
}

describe('The list of artifacts', () => {
  const page = { artifacts: [ARTIFACT], total: 1, kinds: { adapter: 1, model: 2 } };

  it('shows each name once, with how many there are of each kind', async () => {
    const workbench = answering({ 'GET artifacts': page });
    const text = await read(new ListingView(new ListingModel(workbench)));
    expect(text).toContain('All 3');
    expect(text).toContain('Adapters 1');
    expect(text).toContain('bot@2Adapterproduction1.23 kBsft-1');
  });

  it('teaches where nothing is yet', async () => {
    const workbench = answering({ 'GET artifacts': { artifacts: [], total: 0, kinds: {} } });
    const text = await read(new ListingView(new ListingModel(workbench)));
    expect(text).toContain('each says who made it from what');
    expect(text).toContain('Fine-tune the example');
  });

  it('says what went wrong, and offers to try again', async () => {
    const none = { code: 'artifact_not_found', detail: 'There is none.' };
    const workbench = answering({ 'GET artifacts': new Refusal(404, none) });
    const text = await read(new ListingView(new ListingModel(workbench)));
    expect(text).toContain('✗There is none.Try again');
  });

  it('asks for one page of one kind, the newest of each name', async () => {
    const workbench = answering({ 'GET artifacts': page });
    const model = new ListingModel(workbench);
    model.select('model');
    await settled();
    expect(workbench.asked.at(-1)?.query.toString()).toMatch(
      /kind=model&latest=true&limit=50&offset=0/
    );
    expect(model.args).toEqual({ kind: 'model' });
  });

  it('unfolds the older versions of a name', async () => {
    const older = { ...ARTIFACT, ref: 'bot@1', version: 1, aliases: [] };
    const workbench = answering({ 'GET artifacts': { ...page, artifacts: [ARTIFACT, older] } });
    const model = new ListingModel(workbench);
    await settled();
    await model.toggle(ARTIFACT);
    expect(model.rows.slice(0, 2).map(({ artifact, older }) => [artifact.ref, older])).toEqual([
      ['bot@2', false],
      ['bot@1', true]
    ]);
  });
});

describe('An artifact', () => {
  it('is not said to be verified before it was', async () => {
    const { model } = opened({ 'GET artifacts/bot%402': DETAIL });
    await settled();
    expect(model.check.kind).toBe('unchecked');
  });

  it('is verified once every byte was read, for every panel that shows it', async () => {
    const answer = { verified: true, signer: 'key', artifact: DETAIL };
    const { model } = opened({
      'GET artifacts/bot%402': DETAIL,
      'POST artifacts/bot%402/verify': answer
    });
    await settled();
    expect(await model.verify()).toBe(true);
    expect(model.check).toMatchObject({ kind: 'verified', signer: 'key' });
  });

  it('is refused with its reason', async () => {
    const { model } = opened({
      'GET artifacts/bot%402': DETAIL,
      'POST artifacts/bot%402/verify': { verified: false, problem: PROBLEM }
    });
    await settled();
    expect(await model.verify()).toBe(false);
    const text = await read(new ArtifactView(model, new RenderMimeRegistry()));
    expect(text).toContain('not what was signed');
    expect(text).toContain('One byte is missing.Make it again.');
    expect(text).not.toContain('Export');
  });

  it('is refused at once when its signature does not hold', async () => {
    const { model } = opened({
      'GET artifacts/bot%402': { ...DETAIL, signer: null, problem: PROBLEM }
    });
    await settled();
    expect(model.check).toMatchObject({ kind: 'refused', problem: PROBLEM });
  });

  describe('whose file is saved', () => {
    const FILE = 'GET artifacts/bot%402/files/README.md';
    let saved: string[];

    beforeEach(() => {
      saved = [];
      jest.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (
        this: HTMLAnchorElement
      ) {
        saved.push(`${this.href} as ${this.download}`);
      });
    });

    afterEach(() => {
      jest.restoreAllMocks();
    });

    it('is asked whether the server sends it first', async () => {
      const { model } = opened({ 'GET artifacts/bot%402': DETAIL, [FILE]: 'hi' });
      await settled();
      const saving = model.save('README.md');
      expect(model.saving).toBe('README.md');
      await saving;
      expect(saved).toEqual([
        'http://lab.test/hub/ada/modelops/api/v1/artifacts/bot%402/files/README.md as README.md'
      ]);
      expect([model.saving, model.saveProblem, model.check.kind]).toEqual([
        null,
        null,
        'unchecked'
      ]);
    });

    it('says why it is refused where it is not what was signed, and saves nothing', async () => {
      const { model } = opened({
        'GET artifacts/bot%402': DETAIL,
        [FILE]: new Refusal(409, { ...PROBLEM, status: 409 })
      });
      await settled();
      await model.save('README.md');
      expect(saved).toEqual([]);
      expect(model.check).toMatchObject({ kind: 'refused', problem: PROBLEM });
      const text = await read(new ArtifactView(model, new RenderMimeRegistry()));
      expect(text).toContain('not what was signed');
      expect(text).toContain('One byte is missing.Make it again.');
    });

    it('says any other reason above the files, until another is saved', async () => {
      let answer: unknown = new Refusal(503, {
        code: 'database_locked',
        detail: 'The database is locked.',
        hint: 'Try again.',
        status: 503
      });
      const { model } = opened({ 'GET artifacts/bot%402': DETAIL, [FILE]: () => answer });
      await settled();
      model.open('files');
      await model.save('README.md');
      expect(model.check.kind).toBe('unchecked');
      const text = await read(new ArtifactView(model, new RenderMimeRegistry()));
      expect(text).toContain('The database is locked.Try again.');
      answer = 'hi';
      await model.save('README.md');
      expect(model.saveProblem).toBeNull();
      expect(saved).toHaveLength(1);
    });
  });

  it('gives place to another one, and comes back', async () => {
    const { model } = opened({ 'GET artifacts/bot%402': DETAIL });
    model.show('tiny@1');
    expect(model.args).toEqual({ ref: 'tiny@1', tab: 'overview' });
    await settled();
    expect(model.detail.kind).toBe('failed');
    model.back();
    expect(model.ref).toBe('bot@2');
    expect(model.hasPast).toBe(false);
  });

  it('says that a version was rejected, and why', async () => {
    const reason = 'perplexity ratio 1.4 [1.3, 1.5], at most 1.1 is asked for.';
    const { model } = opened({ 'GET artifacts/bot%402': { ...DETAIL, rejected: [reason] } });
    await settled();

    const text = await read(new ArtifactView(model, new RenderMimeRegistry()));

    expect(text).toContain('did not pass the gate');
    expect(text).toContain(reason);
  });

  it('keeps the reason why an alias could not be set', async () => {
    const gone = { code: 'artifact_not_found', detail: 'There is none.' };
    const { model } = opened({
      'GET artifacts/bot%402': DETAIL,
      'PUT artifacts/bot/aliases/next': new Refusal(404, gone)
    });
    await settled();
    expect(await model.setAlias('next')).toBe(false);
    expect(model.aliasProblem).toMatchObject({ code: 'artifact_not_found' });
  });

  it('knows the aliases that would be moved from another version', () => {
    expect([...aliasesElsewhere(DETAIL)]).toEqual([['stable', 1]]);
  });
});

describe('What can be done with an artifact', () => {
  it('is said by the templates that must be given one of its kind', async () => {
    const template = (name: string, properties: object): object => ({
      name,
      title: name.toUpperCase(),
      accepts: null,
      schema: { properties }
    });
    const optional = {
      anyOf: [{ 'x-reference': 'model' }, { type: 'null' }],
      'x-reference': 'model'
    };
    const workbench = answering({
      'GET templates': { templates: [{ name: 'sft' }, { name: 'merge' }, { name: 'broken' }] },
      'GET templates/sft': template('sft', { base_model: { 'x-reference': 'model' } }),
      'GET templates/merge': template('merge', {
        adapter: { 'x-reference': 'adapter' },
        base_model: optional
      })
    });
    const steps = new Steps(workbench.api);
    expect(await steps.of({ kind: 'model', metadata: {} })).toEqual([
      { template: 'sft', title: 'SFT', parameter: 'base_model' }
    ]);
    expect(await steps.of({ kind: 'adapter', metadata: {} })).toMatchObject([
      { template: 'merge', parameter: 'adapter' }
    ]);
    expect(await steps.of({ kind: 'report', metadata: {} })).toEqual([]);
  });

  it('offers only what takes the model in the form in which it is stored', async () => {
    const template = (name: string, accepts: readonly string[] | null): object => ({
      name,
      title: name,
      accepts,
      schema: { properties: { model: { 'x-reference': 'model' } } }
    });
    const workbench = answering({
      'GET templates': {
        templates: [{ name: 'sft' }, { name: 'quantize' }, { name: 'evaluate' }, { name: 'index' }]
      },
      'GET templates/sft': template('sft', ['safetensors', 'quantized']),
      'GET templates/quantize': template('quantize', ['safetensors']),
      'GET templates/evaluate': template('evaluate', null),
      'GET templates/index': template('index', ['embedder'])
    });
    const steps = new Steps(workbench.api);
    const offered = async (metadata: Readonly<Record<string, unknown>>): Promise<string[]> =>
      (await steps.of({ kind: 'model', metadata })).map(step => step.template);
    expect(await offered({ format: 'gguf', quantization: 'q8_0' })).toEqual(['evaluate']);
    expect(await offered({ format: 'gguf', quantization: 'f16' })).toEqual(['evaluate']);
    expect(await offered({ format: 'safetensors', quantization: 'nf4' })).toEqual([
      'sft',
      'evaluate'
    ]);
    expect(await offered({ format: 'safetensors', quantization: null })).toEqual([
      'sft',
      'quantize',
      'evaluate'
    ]);
    expect(await offered({})).toEqual(['sft', 'quantize', 'evaluate']);
    expect(await offered({ embedding: { dimension: 384 } })).toEqual(['evaluate', 'index']);
    expect(await offered({ architecture: 'BertForSequenceClassification' })).toEqual(['evaluate']);
  });
});
