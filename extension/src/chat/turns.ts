import type { IMessage } from './openai';
import type { Choice } from './sampling';

/** `done` says that the engine has ended it, for whatever reason; `stopped`, that the reader has. */
export type AnswerState = 'waiting' | 'streaming' | 'done' | 'stopped' | 'failed';

export type Vote = 'up' | 'down';

/** Which model answers, as far as it was known. */
export interface IAnswering {
  readonly id: string;
  readonly ref: string;
  readonly digest: string;
  readonly engine: string;
}

/** Why there is no answer, or only a part of one. */
export interface IFailure {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** When it may be asked again, in milliseconds since 1970; 0 means at any time. */
  readonly again: number;
}

/** One model's answer to one prompt, and how it was asked. */
export interface IAnswer {
  readonly model: IAnswering;
  readonly system: string;
  readonly sampling: Readonly<Partial<Record<Choice, number>>>;
  readonly state: AnswerState;
  readonly text: string;
  readonly reasoning: string;
  /** Why the engine has ended it, in its own word. */
  readonly finish: string | null;
  readonly tokens: number | null;
  readonly tokensPerSecond: number | null;
  /** Seconds until its first token. */
  readonly first: number | null;
  readonly failure: IFailure | null;
  readonly vote: Vote | null;
}

/** A prompt, and what each column has answered: the last one counts, those before it were rated and asked for anew. */
export interface ITurn {
  readonly id: number;
  readonly prompt: string;
  readonly answers: Readonly<Record<string, readonly IAnswer[]>>;
}

export function isRunning({ state }: IAnswer): boolean {
  return state === 'waiting' || state === 'streaming';
}

/** What a column says to a prompt; `null` when it was not asked. */
export function answerOf(turn: ITurn, column: string): IAnswer | null {
  return turn.answers[column]?.at(-1) ?? null;
}

/** Whether an answer is part of the conversation that goes on. */
export function counts(answer: IAnswer | null): answer is IAnswer {
  return answer !== null && answer.text.trim() !== '' && answer.state !== 'failed';
}

/** Whether an answer is whole. What is not ends where the model would have gone on. */
export function isWhole(answer: IAnswer): boolean {
  return answer.state === 'done' && answer.finish !== 'length';
}

/** What was said in a column in so many turns, without the system prompt. */
export function said(turns: readonly ITurn[], column: string): IMessage[] {
  return turns.flatMap(turn => {
    const answer = answerOf(turn, column);
    return counts(answer)
      ? [
          { role: 'user', content: turn.prompt },
          { role: 'assistant', content: answer.text }
        ]
      : [];
  });
}

/** What a model is sent: the system prompt if there is one, what was said before, and the prompt. */
export function conversation(
  system: string,
  before: readonly ITurn[],
  column: string,
  prompt: string
): IMessage[] {
  return [
    ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...said(before, column),
    { role: 'user', content: prompt }
  ];
}
