import type { IPanelArguments } from '../tokens';
import { SetupModel } from './model';
import { Answers, Refusal, answering, until } from '../workbench/testing';
import { artifact, READY, TEMPLATE } from './testing';

const ANSWERS: Answers = {
  'GET templates/tune': TEMPLATE,
  'GET artifacts': { artifacts: [artifact('tiny', 1), artifact('tiny', 2)], total: 2, kinds: {} },
  'POST preflight': READY,
  'POST jobs': { id: 'tune-1' }
};

async function setup(args: IPanelArguments['run'] = { template: 'tune' }, answers: Answers = {}) {
  const shared = answering({ ...ANSWERS, ...answers });
  const model = new SetupModel(shared, args, 5);
  await until(() => model.template !== null || model.problem !== null);
  return { model, shared };
}

describe('SetupModel', () => {
  describe('of a template with an environment that the server is making', () => {
    const making = (id: string, name: string, state = 'running') => ({
      id,
      kind: 'create-environment',
      name,
      state,
      progress: { text: 'Installing', fraction: null },
      result: null,
      problem: null
    });
    const answers = (tasks: () => unknown, template: () => unknown): Answers => ({
      'GET templates/tune': template,
      'GET tasks': tasks,
      'GET tasks/task-1': making('task-1', 'other'),
      'GET tasks/task-2': making('task-2', 'small')
    });
    const template = { ...TEMPLATE, environment: 'small' };
    const tasks = { tasks: [making('task-1', 'other'), making('task-2', 'small')] };
    const later = async (answer: unknown) => {
      await new Promise(done => setTimeout(done, 20));
      return answer;
    };

    it.each([
      ['which is heard of first', () => tasks, () => later(template)],
      ['which is heard of last', () => later(tasks), () => template]
    ])('follows that one, %s', async (_, heard, read) => {
      const { model } = await setup(undefined, answers(heard, read));
      await until(() => model.environment.task !== null);
      expect(model.environment.task?.name).toBe('small');
      model.dispose();
    });

    it.each([
      ['of others', { tasks: [making('task-1', 'other')] }, template],
      ['that has ended', { tasks: [making('task-2', 'small', 'failed')] }, template],
      ['where the template has none', tasks, TEMPLATE]
    ])('follows none %s', async (_, listed, read) => {
      const { model } = await setup(
        undefined,
        answers(
          () => listed,
          () => read
        )
      );
      await until(() => model.references.tasks.value !== null);
      expect(model.environment.task).toBeNull();
      model.dispose();
    });
  });

  it('begins with the template’s values, and submits only what differs', async () => {
    const { model } = await setup();
    expect(model.values).toMatchObject({ rank: 16, method: 'lora' });
    model.change({ title: 'mine', rank: 8 });
    expect(model.submission).toEqual({ template: 'tune', parameters: { title: 'mine', rank: 8 } });
    model.reset('rank');
    expect(model.changes).toEqual({ title: 'mine' });
  });

  it('submits nothing while a field is wrong, and says which', async () => {
    const { model } = await setup();
    expect(model.submission).toBeNull();
    expect(model.fieldProblems).toEqual([
      { name: 'title', code: 'required', message: 'is required' }
    ]);
  });

  it('takes an emptied field as empty, and as nothing where that is a value', async () => {
    const { model } = await setup();
    model.change({ title: 'x', steps: 3 });
    model.edit({ ...model.values, steps: undefined, rank: undefined });
    expect(model.values.steps).toBeNull();
    expect(model.fieldProblems.map(({ name }) => name)).toEqual(['rank']);
  });

  it('shows what the server says of fields, until they change', async () => {
    const field = { name: 'rank', code: 'x', message: 'is too much here' };
    const { model } = await setup(undefined, {
      'POST preflight': { ...READY, ready: false, fields: [field] }
    });
    model.change({ title: 'x' });
    await until(() => !model.readiness.stale);
    expect(model.fieldProblems).toEqual([field]);
    model.change({ rank: 4 });
    expect(model.fieldProblems).toEqual([]);
  });

  it('makes one job of two clicks, and another one of other values', async () => {
    const { model, shared } = await setup(undefined, {
      'POST jobs': () => new Refusal(503, { code: 'busy', detail: 'Later.' })
    });
    model.change({ title: 'x' });
    await Promise.all([model.run(), model.run()]);
    await model.run();
    model.change({ title: 'y' });
    await model.run();
    const keys = shared.asked
      .filter(({ what }) => what === 'POST jobs')
      .map(({ headers }) => headers.get('Idempotency-Key'));
    expect(keys).toHaveLength(3);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[2]).not.toBe(keys[0]);
    expect(model.problem?.message).toBe('Later.');
  });

  it('tells when the job is queued', async () => {
    const { model } = await setup();
    const queued: string[] = [];
    model.submitted.connect((_, job) => queued.push(job.id));
    model.change({ title: 'x' });
    await model.run();
    expect(queued).toEqual(['tune-1']);
  });

  it('puts the fields that a submission was refused for to the fields', async () => {
    const fields = [{ name: 'rank', code: 'out_of_range', message: 'must be at most 8' }];
    const { model } = await setup(undefined, {
      'POST jobs': new Refusal(422, { code: 'invalid_parameters', detail: 'No.', fields })
    });
    model.change({ title: 'x' });
    await model.run();
    expect(model.fieldProblems).toEqual(fields);
  });

  it('queues nothing before the server has looked at the latest values', async () => {
    const check = { name: 'memory', status: 'blocked', sentence: 'Too much.', mend: null };
    const { model, shared } = await setup(undefined, {
      'POST preflight': { ...READY, ready: false, checks: [check] }
    });
    const submitted = () => shared.asked.filter(({ what }) => what === 'POST jobs');
    model.change({ title: 'x' });
    await model.run();
    expect(submitted()).toEqual([]);
    expect(model.doubtful).toBe(true);
    expect(model.submitting).toBe(false);
    await model.run();
    expect(submitted()).toHaveLength(1);
  });

  it('queues nothing that the server would refuse for a field', async () => {
    const fields = [{ name: 'title', code: 'unknown', message: 'is not there' }];
    const { model, shared } = await setup(undefined, {
      'POST preflight': { ...READY, ready: false, fields }
    });
    model.change({ title: 'x' });
    await model.run();
    expect(shared.asked.map(({ what }) => what)).not.toContain('POST jobs');
    expect(model.fieldProblems).toEqual(fields);
  });

  it('sets up a job again, with changes to what it was given', async () => {
    const job = { id: 'tune-1', template: 'tune', parameters: { title: 'x', rank: 8, gone: 1 } };
    const { model } = await setup(
      { again: 'tune-1', changes: { steps: 4 } },
      {
        'GET jobs/tune-1': job
      }
    );
    expect(model.changes).toEqual({ title: 'x', rank: 8, steps: 4 });
    expect(model.previous).toMatchObject({ rank: 8, steps: null });
    expect(model.arguments).toEqual({ again: 'tune-1', changes: { steps: 4 } });
  });

  it('asks for the limits that it was opened with', async () => {
    const options = { memory: 5 };
    const { model } = await setup({ template: 'tune', options });
    model.change({ title: 'x' });
    expect(model.submission).toMatchObject({ options });
    expect(model.arguments.options).toEqual(options);
  });

  it('sets up the job of a notebook again from that notebook, whatever template has its name', async () => {
    const { model, shared } = await setup(
      { again: 'tune-1' },
      {
        'GET jobs/tune-1': {
          id: 'tune-1',
          template: 'sft',
          notebook: '/root/sft.ipynb',
          parameters: {}
        },
        'POST templates/inspect': { ...TEMPLATE, path: 'sft.ipynb' }
      }
    );
    const read = shared.asked.find(({ what }) => what === 'POST templates/inspect');
    expect(read?.body).toEqual({ path: '/root/sft.ipynb' });
    model.change({ title: 'x' });
    expect(model.submission?.template).toBe('sft.ipynb');
  });

  it('reads a notebook by its path', async () => {
    const { model, shared } = await setup(
      { notebook: 'work/tune.ipynb' },
      {
        'POST templates/inspect': { ...TEMPLATE, path: 'work/tune.ipynb' }
      }
    );
    model.change({ title: 'x' });
    const read = shared.asked.find(({ what }) => what === 'POST templates/inspect');
    expect(read?.body).toEqual({ path: 'work/tune.ipynb' });
    expect(model.submission?.template).toBe('work/tune.ipynb');
  });

  it('mends by parameters, by what is asked for, and by adding in place', async () => {
    const { model } = await setup();
    const nothing = { command: null, parameters: null, action: null };
    model.change({ title: 'x' });
    model.mend({ ...nothing, sentence: '', parameters: { rank: 4 } });
    model.mend({
      ...nothing,
      sentence: '',
      action: { kind: 'options', options: { memory: 5 } }
    });
    model.mend({
      ...nothing,
      sentence: '',
      action: { kind: 'add-model', parameter: 'base_model' }
    });
    expect(model.submission).toEqual({
      template: 'tune',
      parameters: { title: 'x', rank: 4 },
      options: { memory: 5 }
    });
    expect(model.adding).toBe('base_model');
  });

  it('knows which artifacts its parameters name', async () => {
    const { model } = await setup();
    model.references.of('model');
    await until(() => model.references.of('model').value !== null);
    expect(model.inputs.base_model?.ref).toBe('tiny@2');
    model.change({ base_model: 'other' });
    expect(model.inputs).toEqual({ base_model: null });
  });

  it('keeps a preset of what was changed, without what the run is about', async () => {
    const { model, shared } = await setup();
    model.change({ title: 'x', base_model: 'other', rank: 2 });
    await model.savePreset('Small');
    expect(shared.preferences.values.presets).toEqual({ tune: { Small: { title: 'x', rank: 2 } } });
    expect(model.preset?.title).toBe('Small');
  });

  it('says why there is no form', async () => {
    const { model } = await setup(undefined, {
      'GET templates/tune': new Refusal(404, { code: 'template_not_found', detail: 'None.' })
    });
    expect(model.problem?.message).toBe('None.');
    expect(model.title).toBe('New run');
  });
});
