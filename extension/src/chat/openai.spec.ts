import { ProblemError } from '../api';
import { EventStream } from '../workbench/testing';
import { BROKEN_OFF, IPiece, OpenAI } from './openai';
import { data, Engine, refusal } from './testing';

describe('The OpenAI API', () => {
  const ask = async (
    engine: Engine,
    signal = new AbortController().signal
  ): Promise<[IPiece[], Promise<void>]> => {
    const pieces: IPiece[] = [];
    const server = new OpenAI(engine.workbench.api.connection.settings);
    const done = server.chat({ model: 'tiny' }, signal, piece => pieces.push(piece));
    done.catch(() => undefined);
    await new Promise(later => setTimeout(later, 20));
    return [pieces, done];
  };

  it('is asked for a stream with its usage', async () => {
    const engine = new Engine();
    const [, done] = await ask(engine);
    engine.end(0);
    await done;
    expect(engine.asked[0]).toEqual({
      model: 'tiny',
      stream: true,
      stream_options: { include_usage: true }
    });
  });

  it('hands over each piece, then how it ended', async () => {
    const engine = new Engine();
    const [pieces, done] = await ask(engine);
    engine.say(0, 'Hel');
    engine.say(0, 'lo');
    engine.end(0, 'length', 2);
    await done;
    expect(pieces.map(({ text }) => text).join('')).toBe('Hello');
    expect(pieces.at(-2)?.finish).toBe('length');
    expect(pieces.at(-1)).toMatchObject({ tokens: 2, tokensPerSecond: 42 });
  });

  it('tells an error within a stream', async () => {
    const engine = new Engine();
    const [, done] = await ask(engine);
    engine.streams[0]?.write(data({ error: { message: 'The engine ended.', code: 'gone' } }));
    await expect(done).rejects.toMatchObject({ code: 'gone', message: 'The engine ended.' });
  });

  it.each([
    ['ends before the answer does', (stream: EventStream | undefined) => stream?.close()],
    ['brings what is no JSON', (stream: EventStream | undefined) => stream?.write('data: {"a\n\n')]
  ])('says that an answer broke off whose stream %s', async (_, spoil) => {
    const engine = new Engine();
    const [, done] = await ask(engine);
    engine.say(0, 'Hel');
    spoil(engine.streams[0]);
    await expect(done).rejects.toMatchObject({ code: BROKEN_OFF });
  });

  it('tells a refusal with its status, and when to ask again', async () => {
    const engine = new Engine();
    engine.refusals.push(refusal(429, 'Too many.', { 'Retry-After': '7' }));
    const [, done] = await ask(engine);
    const problem = await done.catch((error: unknown) => error as ProblemError);
    expect(problem).toMatchObject({ message: 'Too many.', status: 429 });
    expect(problem).toMatchObject({ body: { retry_after: 7 } });
  });

  it('tells the status of a refusal that is no JSON', async () => {
    const engine = new Engine();
    engine.refusals.push(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    const [, done] = await ask(engine);
    await expect(done).rejects.toMatchObject({ code: 'http_502' });
  });

  it('stops to listen when it is told to', async () => {
    const engine = new Engine();
    const enough = new AbortController();
    const [pieces, done] = await ask(engine, enough.signal);
    engine.say(0, 'Hel');
    await new Promise(later => setTimeout(later, 20));
    enough.abort();
    await done;
    expect(pieces).toHaveLength(1);
  });

  it('knows the models that are ready', async () => {
    const server = new OpenAI(new Engine().workbench.api.connection.settings);
    expect((await server.models()).map(({ id }) => id)).toEqual(['tiny', 'large']);
  });
});
