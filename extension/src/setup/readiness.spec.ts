import { ReadinessModel } from './readiness';
import { Answers, Refusal, answering, until } from '../workbench/testing';
import { READY } from './testing';

const PAUSE = 5;

function readiness(answers: Answers, steps: () => number | null = () => 1) {
  const shared = answering(answers);
  const model = new ReadinessModel(
    shared.api,
    () => {
      const value = steps();
      return value === null ? null : { template: 'tune', parameters: { steps: value } };
    },
    PAUSE
  );
  return { model, shared };
}

describe('ReadinessModel', () => {
  it('asks once when changes pause, with the latest values', async () => {
    let steps = 0;
    const { model, shared } = readiness({ 'POST preflight': READY }, () => steps);
    for (steps = 1; steps < 5; steps += 1) {
      model.changed();
    }
    await until(() => !model.stale);
    expect(shared.asked.map(({ body }) => body)).toEqual([
      { template: 'tune', parameters: { steps: 5 } }
    ]);
  });

  it('drops an answer that a change has overtaken', async () => {
    const waiting: (() => void)[] = [];
    const { model } = readiness({
      'POST preflight': () =>
        new Promise(done => {
          const number = waiting.length + 1;
          waiting.push(() => {
            done({ ...READY, command: `answer ${number}` });
          });
        })
    });
    model.changed();
    await until(() => waiting.length === 1);
    model.changed();
    await until(() => waiting.length === 2);
    waiting[1]?.();
    await until(() => !model.stale);
    waiting[0]?.();
    await new Promise(done => setTimeout(done, 2 * PAUSE));
    expect(model.answer?.command).toBe('answer 2');
  });

  it('keeps the last answer, marked as stale, while another is asked for', async () => {
    const { model } = readiness({ 'POST preflight': READY });
    model.changed();
    await until(() => !model.stale);
    model.changed();
    expect(model.stale).toBe(true);
    expect(model.answer?.ready).toBe(true);
  });

  it('asks nothing while the form knows that it would be refused', async () => {
    const { model, shared } = readiness({ 'POST preflight': READY }, () => null);
    model.changed();
    await new Promise(done => setTimeout(done, 4 * PAUSE));
    expect(shared.asked).toEqual([]);
    expect(model.stale).toBe(true);
  });

  it('asks again by itself where the server will know more soon', async () => {
    const mend = { sentence: 'Ask again.', action: { kind: 'ask-again' } };
    const check = { name: 'dataset', status: 'unknown', sentence: 'Counting.', mend };
    let asked = 0;
    const { model } = readiness({
      'POST preflight': () => ((asked += 1) < 3 ? { ...READY, checks: [check] } : READY)
    });
    model.changed();
    await until(() => asked === 3);
    await until(() => model.answer?.checks[0]?.name === 'disk');
  });

  it('tells why it does not know', async () => {
    const refusal = new Refusal(503, { code: 'busy', detail: 'The database is locked.' });
    const { model } = readiness({ 'POST preflight': refusal });
    model.changed();
    await until(() => model.problem !== null);
    expect(model.problem?.message).toBe('The database is locked.');
    expect(model.available).toBe(true);
  });

  it('is silent on a server that cannot tell', async () => {
    const { model } = readiness({});
    model.changed();
    await until(() => model.problem !== null);
    expect(model.available).toBe(false);
  });
});
