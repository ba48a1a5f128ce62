import type { Artifact, EndpointPlan } from '../api';
import { Answers, answering, button, Refusal, shown, until } from '../workbench/testing';
import { kept, NOTHING, request, wrong } from './asking';
import { ServeView } from './form';
import { ServeModel } from './serving';
import { endpoint } from './testing';

const trans = answering({}).trans;

const PLAN: EndpointPlan = {
  problem: null,
  name: 'bot',
  engine: 'llamacpp',
  context: 4096,
  memory: { weights: 100_000_000, adapters: 0, cache: 50_000_000 },
  free: 1_000_000_000,
  adapters: ['fix@1'],
  engines: [
    { name: 'llamacpp', title: 'llama.cpp', problem: null },
    {
      name: 'transformers',
      title: 'transformers',
      problem: { code: 'engine_missing', detail: 'It is not installed.', hint: 'pip install it' }
    }
  ]
};

function artifact(name: string, kind: string, rejected: string[] = []): Artifact {
  const ref = `${name}@1`;
  return { name, version: 1, ref, kind, size: 1000, rejected, aliases: [], metadata: {} } as never;
}

async function form(args: object = {}, answers: Answers = {}, models = [artifact('bot', 'model')]) {
  const workbench = answering({
    'GET tasks': { tasks: [] },
    'GET artifacts': { artifacts: models, total: models.length, kinds: {} },
    'POST endpoint-plan': PLAN,
    ...answers
  });
  const model = new ServeModel(workbench, args);
  await until(() => model.references.of('model').value !== null);
  const view = new ServeView(model);
  return { workbench, model, node: await shown(view) };
}

describe('What is asked for', () => {
  it('leaves empty fields to the server', () => {
    expect(request({ ...NOTHING, ref: 'bot' }, trans)).toEqual({
      ref: 'bot',
      engine: 'auto',
      name: null,
      adapters: [],
      options: {
        context: null,
        parallel: 4,
        max_memory: null,
        idle_minutes: null,
        parity: 'refuse',
        allow_rejected: false
      }
    });
  });

  it('counts memory in bytes', () => {
    const asked = request({ ...NOTHING, ref: 'bot', memory: '1.5', idle: '10' }, trans);
    expect(asked?.options).toMatchObject({ max_memory: 1_500_000_000, idle_minutes: 10 });
  });

  it('is nothing while a field is wrong or no model chosen', () => {
    expect(request(NOTHING, trans)).toBeNull();
    expect(request({ ...NOTHING, ref: 'bot', context: 'much' }, trans)).toBeNull();
    expect(wrong({ ...NOTHING, context: '63' }, 'context', trans)).toContain('64 or more');
    expect(wrong({ ...NOTHING, parallel: '1.5' }, 'parallel', trans)).toContain('1 or more');
    expect(wrong({ ...NOTHING, idle: '0' }, 'idle', trans)).toContain('above 0');
    expect(wrong({ ...NOTHING, idle: '0.5' }, 'idle', trans)).toBeNull();
  });

  it('outlives a reload as what was changed', () => {
    expect(kept({ ...NOTHING, ref: 'bot', parallel: '8' })).toEqual({ ref: 'bot', parallel: '8' });
  });
});

describe('The form that serves a model', () => {
  it('shows engine, memory and which engines cannot', async () => {
    const { model, node } = await form({ ref: 'bot' });
    await until(() => !model.stale && node.textContent.includes('● Ready'));
    expect(node.textContent).toContain('served by llama.cpp');
    expect(node.textContent).toContain('150 MB of 1 GB free memory');
    expect(node.textContent).toContain('It is not installed. pip install it');
  });

  it('offers to serve what was rejected only then', async () => {
    const problem = { code: 'rejected', detail: 'bot@1 was rejected.', hint: '' };
    const { model, node, workbench } = await form(
      { ref: 'bot' },
      { 'POST endpoint-plan': { ...PLAN, problem, engine: null, memory: {} } },
      [artifact('bot', 'model', ['too bad'])]
    );
    await until(() => node.textContent.includes('bot@1 was rejected.'));
    expect(node.textContent).toContain('bot@1 (1 kB, rejected)');
    expect(node.textContent).toContain('although it was rejected');
    model.change({ allowRejected: true });
    await until(() =>
      workbench.asked.some(({ body }) => JSON.stringify(body).includes('"allow_rejected":true'))
    );
  });

  it('makes the environment that is missing', async () => {
    const problem = {
      code: 'environment_missing',
      detail: "The environment 'llamacpp' is not there.",
      hint: '',
      environment: 'llamacpp'
    };
    const { node, workbench } = await form(
      { ref: 'bot' },
      { 'POST endpoint-plan': { ...PLAN, problem } }
    );
    await until(() => node.textContent.includes('is not there.'));
    button(node, 'Create the environment').click();
    await until(() => workbench.asked.some(({ path }) => path === 'environments/llamacpp'));
  });

  it('offers the adapters that fit the model, and those that are chosen', async () => {
    const registered = ['fix', 'stranger', 'chosen'].map(name => artifact(name, 'adapter'));
    const { model } = await form(
      { ref: 'bot', form: { adapters: ['chosen@1'] } },
      { 'GET artifacts': { artifacts: registered, total: 3, kinds: {} } }
    );
    await until(() => !model.stale && model.adapters.length === 2);
    expect(model.adapters.map(({ ref }) => ref)).toEqual(['fix@1', 'chosen@1']);
  });

  it('forgets adapters and engine when another model is chosen', async () => {
    const { model } = await form({ ref: 'bot', form: { adapters: ['fix@1'], engine: 'llamacpp' } });
    expect(model.asked.adapters).toEqual(['fix@1']);
    model.change({ ref: 'other' });
    expect(model.asked).toMatchObject({ adapters: [], engine: 'auto' });
    expect(model.arguments).toEqual({ ref: 'other', form: {} });
  });

  it('starts, once', async () => {
    const { model, workbench } = await form(
      { ref: 'bot' },
      { 'POST endpoints': endpoint('bot', { state: 'starting' }) }
    );
    const names: string[] = [];
    model.started.connect((_, { name }) => names.push(name));
    await Promise.all([model.start(), model.start()]);
    expect(names).toEqual(['bot']);
    expect(workbench.asked.filter(({ what }) => what === 'POST endpoints')).toHaveLength(1);
  });

  it('says why nothing was started', async () => {
    const { model, node } = await form(
      { ref: 'bot' },
      {
        'POST endpoints': new Refusal(409, { code: 'endpoint_exists', detail: 'It runs already.' })
      }
    );
    button(node, 'Start').click();
    await until(() => node.textContent.includes('It runs already.'));
    model.change({ name: 'second' });
    await until(() => !node.textContent.includes('It runs already.'));
  });

  it('offers the example where there is no model', async () => {
    const { node } = await form({}, {}, []);
    await until(() => node.textContent.includes('There is no model yet.'));
    expect(button(node, 'Start').disabled).toBe(true);
    button(node, 'Use the example');
  });
});
