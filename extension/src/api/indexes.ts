import type { Connection } from './connection';
import { ProblemError } from './problems';
import { readEvents } from './streams';
import type { Hit, IndexContent, IndexedDocument, SearchSettings } from './types';

/** A number behind a sentence of an answer; places are in characters (code points). */
export interface ICitation {
  readonly number: number;
  /** Where it stands in the answer. */
  readonly at: number;
  readonly source: string;
  readonly title: string;
  readonly page: number | null;
  readonly headings: readonly string[];
  /** The passage's place in its document. */
  readonly start: number;
  readonly end: number;
  /** The sentence of the passage that has most words in common with the answer's. */
  readonly highlight: {
    readonly start: number;
    readonly end: number;
    readonly page: number | null;
    readonly text: string;
  } | null;
}

/** What can be said of an answer by its letters alone. */
export interface IAnswerChecks {
  readonly refused: boolean;
  readonly citations_removed: number;
  readonly uncited: number;
  readonly supported: number;
  readonly quotes_missing: number;
  readonly numbers_missing: number;
  readonly sentences: readonly unknown[];
}

export interface IAnswered {
  readonly text: string;
  readonly refused: boolean;
  readonly citations: readonly ICitation[];
  readonly checks: IAnswerChecks;
  readonly model: string | null;
}

/** What happens while a question is answered, in this order. */
export type AskEvent =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'hits'; readonly hits: readonly Hit[]; readonly passages: readonly Hit[] }
  | { readonly kind: 'delta'; readonly text: string }
  | ({ readonly kind: 'citation' } & ICitation)
  | ({ readonly kind: 'answer' } & IAnswered);

/** What the API can do with indexes. Every method throws `ProblemError`. */
export class IndexesApi {
  constructor(private readonly connection: Connection) {}

  async search(
    ref: string,
    question: string,
    settings: SearchSettings,
    signal: AbortSignal
  ): Promise<readonly Hit[]> {
    const body = JSON.stringify({ question, settings });
    const init = { method: 'POST', body, signal };
    const response = await this.connection.request(path(ref, 'search'), init);
    return ((await response.json()) as { hits: Hit[] }).hits;
  }

  documents(ref: string): Promise<IndexContent> {
    return this.connection.get(path(ref, 'documents'));
  }

  document(ref: string, source: string): Promise<IndexedDocument> {
    return this.connection.get(path(ref, 'document'), { source });
  }

  /**
   * Ask, and hand over what happens as it happens; returns at the answer's end.
   *
   * @param model - Who answers, as requests name it; `null` leaves it to the server.
   */
  async ask(
    ref: string,
    question: string,
    settings: SearchSettings,
    model: string | null,
    signal: AbortSignal,
    take: (event: AskEvent) => void
  ): Promise<void> {
    const body = JSON.stringify({ question, settings, model });
    const response = await this.connection.request(path(ref, 'ask'), {
      method: 'POST',
      body,
      signal
    });
    const heard = { end: false };
    try {
      await readEvents(response, signal, ({ data, event }) => {
        const content = JSON.parse(data) as Record<string, unknown>;
        if (event === 'problem') {
          const { code, detail, hint } = content as { code: string; detail: string; hint?: string };
          throw new ProblemError(code, detail, hint, content);
        }
        heard.end ||= event === 'answer';
        take({ kind: event, ...content } as AskEvent);
      });
    } catch (error) {
      throw error instanceof ProblemError ? error : new ProblemError('broken_off', String(error));
    }
    if (!heard.end && !signal.aborted) {
      throw new ProblemError('broken_off', 'The connection ended before the answer did.');
    }
  }
}

function path(ref: string, what: string): string {
  return ['indexes', ref, what].map(encodeURIComponent).join('/');
}
