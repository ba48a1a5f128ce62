import { Adding } from './adding';
import { Answers, Refusal, answering, until } from '../workbench/testing';
import { artifact } from './testing';

const TASK = {
  id: 'add-1',
  kind: 'add-model',
  name: 'tiny',
  state: 'running',
  progress: { text: 'Fetching', fraction: 0.5 },
  result: null,
  problem: null
};

function adding(answers: Answers): Adding {
  return new Adding(answering({ 'POST models': TASK, ...answers }).api, 2);
}

const begin = (model: Adding) =>
  model.start(api => api.addModel({ source: 'pypi:x', name: 'tiny' }));

describe('Adding', () => {
  it('follows the task until there is an artifact', async () => {
    let asked = 0;
    const done = { ...TASK, state: 'succeeded', result: artifact('tiny', 1) };
    const model = adding({ 'GET tasks/add-1': () => ((asked += 1) < 3 ? TASK : done) });
    const added: string[] = [];
    model.added.connect((_, { ref }) => added.push(ref));
    await begin(model);
    expect(model.busy).toBe(true);
    await until(() => !model.busy);
    expect(added).toEqual(['tiny@1']);
    model.dispose();
  });

  it('tells why nothing was added', async () => {
    const problem = { code: 'bad_rows', detail: 'Two rows.', hint: 'Skip them.' };
    const model = adding({ 'GET tasks/add-1': { ...TASK, state: 'failed', problem } });
    await begin(model);
    await until(() => model.problem !== null);
    expect(model.problem).toMatchObject({ code: 'bad_rows', message: 'Two rows.' });
    expect(model.busy).toBe(false);
    model.dispose();
  });

  it('tells why it could not begin', async () => {
    const refusal = new Refusal(422, { code: 'path_outside', detail: 'Outside.' });
    const model = adding({ 'POST models': refusal });
    await begin(model);
    expect(model.problem?.code).toBe('path_outside');
    expect(model.busy).toBe(false);
  });

  it('begins once', async () => {
    let begun = 0;
    const model = adding({ 'GET tasks/add-1': TASK });
    const count = (): Promise<void> =>
      model.start(api => {
        begun += 1;
        return api.addModel({ source: 'x', name: 'tiny' });
      });
    await Promise.all([count(), count()]);
    expect(begun).toBe(1);
    model.dispose();
  });

  it('is cancelled', async () => {
    const model = adding({
      'GET tasks/add-1': TASK,
      'POST tasks/add-1/cancel': { ...TASK, state: 'cancelled' }
    });
    await begin(model);
    await model.cancel();
    expect(model.task?.state).toBe('cancelled');
    expect(model.busy).toBe(false);
  });
});
