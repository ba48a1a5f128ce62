import { Actions } from './actions';
import { ProblemError } from './api';

describe('Actions', () => {
  it('keep why the last one was not done, until another one is', async () => {
    const told: (string | undefined)[] = [];
    const actions: Actions = new Actions(() => told.push(actions.refusal?.code));
    await actions.perform(() => Promise.reject(new ProblemError('job_ended', 'It has ended.')));
    await actions.perform(() => Promise.reject(new TypeError('odd')));
    await actions.perform(() => Promise.resolve());
    expect(told).toEqual(['job_ended', 'internal_error', undefined]);
  });
});
