import type { IMessage } from './openai';
import { answerOf, conversation, counts, IAnswer, isRunning, isWhole, ITurn } from './turns';

/** A row of a dataset of chats. */
export interface IChatRow {
  readonly messages: readonly IMessage[];
}

/** A prompt with the better and the worse of two answers, as preference trainers read it. */
export interface IPreferenceRow {
  readonly prompt: readonly IMessage[];
  readonly chosen: readonly IMessage[];
  readonly rejected: readonly IMessage[];
}

/** Rows, and how many answers or pairs are not among them. */
export interface IRows<R> {
  readonly rows: readonly R[];
  readonly left: number;
}

/**
 * One chat per column. It ends before the first answer that nobody should learn from: one that is rated down, or one
 * that is not whole and not rated up.
 */
export function chatRows(turns: readonly ITurn[], columns: readonly string[]): IRows<IChatRow> {
  const rows: IChatRow[] = [];
  let left = 0;
  for (const column of columns) {
    const answered = turns.filter(turn => counts(answerOf(turn, column)));
    const end = answered.findIndex(turn => !teaches(answerOf(turn, column)));
    const kept = end === -1 ? answered : answered.slice(0, end);
    left += answered.length - kept.length;
    const last = kept.at(-1);
    const answer = last && answerOf(last, column);
    if (last && answer) {
      const before = conversation(answer.system, kept.slice(0, -1), column, last.prompt);
      rows.push({ messages: [...before, { role: 'assistant', content: answer.text }] });
    }
  }
  return { rows, left };
}

function teaches(answer: IAnswer | null): boolean {
  return answer !== null && (answer.vote === 'up' || (answer.vote === null && isWhole(answer)));
}

interface ICandidate {
  readonly asked: readonly IMessage[];
  readonly answer: IAnswer;
}

/**
 * A row for each two answers to the same prompt of which one is rated higher; what is not rated is between up and down.
 * Two answers are compared only where the same was said before them.
 */
export function preferenceRows(
  turns: readonly ITurn[],
  columns: readonly string[]
): IRows<IPreferenceRow> {
  const rows: IPreferenceRow[] = [];
  let left = 0;
  turns.forEach((turn, index) => {
    const given = columns.flatMap(column =>
      (turn.answers[column] ?? [])
        .filter(answer => counts(answer) && !isRunning(answer))
        .map((answer): ICandidate => {
          const asked = conversation(answer.system, turns.slice(0, index), column, turn.prompt);
          return { asked, answer };
        })
    );
    for (const better of given) {
      for (const worse of given) {
        if (rank(better.answer) > rank(worse.answer) && better.answer.text !== worse.answer.text) {
          if (JSON.stringify(better.asked) === JSON.stringify(worse.asked)) {
            rows.push(preference(better, worse));
          } else {
            left += 1;
          }
        }
      }
    }
  });
  return { rows, left };
}

function rank({ vote }: IAnswer): number {
  return vote === null ? 0 : vote === 'up' ? 1 : -1;
}

function preference(better: ICandidate, worse: ICandidate): IPreferenceRow {
  return {
    prompt: better.asked,
    chosen: [{ role: 'assistant', content: better.answer.text }],
    rejected: [{ role: 'assistant', content: worse.answer.text }]
  };
}

/** Rows as the lines of a file. */
export function lines(rows: readonly object[]): string {
  return rows.map(row => `${JSON.stringify(row)}\n`).join('');
}
