import { until } from '../workbench/testing';
import { Keeper } from './keeping';
import { ChatModel } from './model';
import { Engine, refusal } from './testing';
import { answerOf, IAnswer } from './turns';

/** The answer of a column to the last prompt. */
function answer(model: ChatModel, column = 0): IAnswer | null {
  const id = model.chat.columns[column]?.id ?? '';
  return model.last && answerOf(model.last, id);
}

function columnId(model: ChatModel, column = 0): string {
  return model.chat.columns[column]?.id ?? '';
}

describe('A chat', () => {
  beforeEach(() => {
    localStorage.clear();
  });

  it('sends a prompt to all columns at once, and grows their answers as they come', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny', 'large');
    model.set({ draft: 'Hi' });
    const sent = model.send();
    await until(() => engine.streams.length === 2);
    expect(engine.asked.map(({ model: of }) => of)).toEqual(['tiny', 'large']);
    expect(model.chat.draft).toBe('');
    engine.say(1, 'Ho');
    await until(() => answer(model, 1)?.text === 'Ho');
    expect(answer(model, 0)?.state).toBe('waiting');
    expect(answer(model, 1)?.state).toBe('streaming');
    engine.end(0);
    engine.end(1, 'length', 3);
    await sent;
    expect(answer(model, 1)).toMatchObject({
      state: 'done',
      finish: 'length',
      tokens: 3,
      tokensPerSecond: 42,
      first: expect.any(Number) as number,
      model: { id: 'large', ref: 'large@1' }
    });
  });

  it('tells each column only what was said there', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny', 'large');
    model.set({ system: 'Be brief.' });
    await engine.exchange(model, 'Hi', 'A', 'B');
    await engine.exchange(model, 'And?', 'C', 'D');
    const last = engine.asked.slice(2).map(({ messages }) => messages.map(one => one.content));
    expect(last).toEqual([
      ['Be brief.', 'Hi', 'A', 'And?'],
      ['Be brief.', 'Hi', 'B', 'And?']
    ]);
  });

  it('sends what was chosen, and nothing of what was left to the engine', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    const typed = { temperature: '0', top_p: '', max_tokens: '12', seed: ' ' };
    model.set({ sampling: typed });
    await engine.exchange(model, 'Hi', 'A');
    expect(engine.asked[0]).toMatchObject({ temperature: 0, max_tokens: 12 });
    expect(engine.asked[0]).not.toHaveProperty('top_p');
    expect(engine.asked[0]).not.toHaveProperty('seed');
  });

  it.each([{ temperature: '-1' }, { top_p: '1.1' }, { max_tokens: '1.5' }, { seed: 'x' }])(
    'sends nothing while a choice is wrong: %p',
    async wrong => {
      const engine = new Engine();
      const model = await engine.chat('tiny');
      model.set({ draft: 'Hi', sampling: { ...model.chat.sampling, ...wrong } });
      await model.send();
      expect(engine.asked).toEqual([]);
      expect(model.chat.draft).toBe('Hi');
    }
  );

  it('stops: what has come stays, and the conversation goes on with it', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    model.set({ draft: 'Hi' });
    const sent = model.send();
    await until(() => engine.streams.length === 1);
    engine.say(0, 'Ho');
    await until(() => answer(model)?.text === 'Ho');
    model.stop();
    await sent;
    expect(answer(model)).toMatchObject({ state: 'stopped', text: 'Ho' });
    expect(model.running).toBe(false);
    await engine.exchange(model, 'And?', 'A');
    expect(engine.asked[1]?.messages.map(({ content }) => content)).toEqual(['Hi', 'Ho', 'And?']);
  });

  it('asks again for the last answer of one column, and keeps the one that was rated', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny', 'large');
    await engine.exchange(model, 'Hi', 'A', 'B');
    model.vote(model.last?.id ?? 0, columnId(model), 'down');
    const again = model.regenerate(columnId(model));
    await until(() => engine.streams.length === 3);
    expect(engine.asked[2]).toMatchObject({
      model: 'tiny',
      messages: [{ role: 'user', content: 'Hi' }]
    });
    engine.say(2, 'C');
    engine.end(2);
    await again;
    const given = model.last?.answers[columnId(model)]?.map(({ text, vote }) => [text, vote]);
    expect(given).toEqual([
      ['A', 'down'],
      ['C', null]
    ]);
    expect(answer(model, 1)?.text).toBe('B');
  });

  it('puts an edited prompt in place of the last one', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    await engine.exchange(model, 'Hi', 'A');
    model.edit();
    expect(model.chat.draft).toBe('Hi');
    await engine.exchange(model, 'Hello', 'B');
    expect(model.chat.turns.map(({ prompt }) => prompt)).toEqual(['Hello']);
    expect(engine.asked[1]?.messages).toHaveLength(1);
  });

  it('says why there is no answer, and when it may be asked again', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    engine.refusals.push(refusal(429, 'Too many.', { 'Retry-After': '7' }));
    model.set({ draft: 'Hi' });
    await model.send();
    expect(answer(model)).toMatchObject({ state: 'failed', failure: { message: 'Too many.' } });
    const wait = (answer(model)?.failure?.again ?? 0) - Date.now();
    expect(wait).toBeGreaterThan(5000);
    expect(wait).toBeLessThanOrEqual(7000);
    await engine.exchange(model, 'And?', 'A');
    expect(engine.asked[1]?.messages.map(({ content }) => content)).toEqual(['And?']);
  });

  it('says only of answers that have ended what a screen reader reads', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    model.set({ draft: 'Hi' });
    const sent = model.send();
    await until(() => engine.streams.length === 1);
    engine.say(0, 'Ho');
    await until(() => answer(model)?.text === 'Ho');
    expect(model.announcement).toBe('');
    engine.end(0);
    await sent;
    expect(model.announcement).toBe('tiny: Ho');
  });

  it('is there again after a reload, with answers that no longer come', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    await engine.exchange(model, 'Hi', 'A');
    model.set({ draft: 'And?' });
    void model.send();
    await until(() => engine.streams.length === 2);
    model.set({ draft: 'half a', system: 'Be brief.' });
    const later = await engine.chat('tiny');
    expect(later.chat).toMatchObject({ draft: 'half a', system: 'Be brief.' });
    expect(later.chat.turns.map(({ prompt }) => prompt)).toEqual(['Hi', 'And?']);
    expect(answer(later)?.state).toBe('stopped');
  });

  it('is kept under the models that answer now', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    await engine.exchange(model, 'Hi', 'A');
    model.add('large');
    expect(model.args).toEqual({ endpoints: ['tiny', 'large'] });
    expect((await engine.chat('tiny')).chat.turns).toEqual([]);
    expect((await engine.chat('tiny', 'large')).chat.turns).toHaveLength(1);
  });

  it('has at most four columns, and forgets all when it is cleared', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny', 'tiny', 'tiny', 'tiny');
    model.add('large');
    expect(model.chat.columns).toHaveLength(4);
    await engine.exchange(model, 'Hi', 'A', 'B', 'C', 'D');
    model.clear();
    expect(model.chat.turns).toEqual([]);
    expect((await engine.chat('tiny', 'tiny', 'tiny', 'tiny')).chat.turns).toEqual([]);
  });

  it('lets another model go on where one was', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    await engine.exchange(model, 'Hi', 'A');
    model.choose(columnId(model), 'large');
    await engine.exchange(model, 'And?', 'B');
    expect(engine.asked[1]).toMatchObject({ model: 'large' });
    expect(engine.asked[1]?.messages.map(({ content }) => content)).toEqual(['Hi', 'A', 'And?']);
  });
});

describe('What is kept of chats', () => {
  beforeEach(() => {
    localStorage.clear();
  });

  it('is bounded: the oldest turns of a long one are left out, and counted', async () => {
    const engine = new Engine();
    const model = await engine.chat('tiny');
    for (const letter of ['a', 'b', 'c']) {
      await engine.exchange(model, letter, letter.repeat(150_000));
    }
    const later = await engine.chat('tiny');
    expect(later.chat.turns.map(({ prompt }) => prompt)).toEqual(['b', 'c']);
    expect(later.chat.dropped).toBe(1);
  });

  it('is of eight chats at most', async () => {
    const engine = new Engine();
    for (let number = 0; number < 12; number++) {
      (await engine.chat(`model-${number}`)).set({ draft: 'Hi' });
    }
    expect(Object.keys(localStorage)).toHaveLength(8);
  });

  it('is nothing where it cannot be read', () => {
    const keeper = new Keeper('test');
    localStorage.setItem('jupyterlab-modelops:chat:1:test tiny', '{"turns": 3');
    expect(keeper.load('tiny')).toBeNull();
  });

  it('is said to be nothing where the browser is full', () => {
    const full = {
      setItem: () => {
        throw new Error('full');
      },
      getItem: () => null
    };
    const keeper = new Keeper('test', full as unknown as Storage);
    const model = new ChatModel(new Engine().workbench, { endpoints: ['tiny'] }, keeper, 0);
    model.set({ draft: 'Hi' });
    expect(model.kept).toBe(false);
  });
});
