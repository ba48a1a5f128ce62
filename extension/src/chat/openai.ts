import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { ProblemError, readEvents, UNREACHABLE } from '../api';

/** Where the server extension mounts its OpenAI-compatible API, below Jupyter's base URL. */
const OPENAI = 'modelops/openai/v1';

/** What ended a stream that was not at its end. */
export const BROKEN_OFF = 'broken_off';

/** A model or adapter that requests may name now. */
export interface IServed {
  readonly id: string;
  readonly ref: string;
  readonly digest: string;
  readonly engine: string;
  readonly task: 'generate' | 'embed';
  readonly context_length: number | null;
}

export interface IMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** What a part of a streamed answer says. */
export interface IPiece {
  readonly text: string;
  /** What a model that thinks aloud says before it answers. */
  readonly reasoning: string;
  /** Why the answer has ended; `null` while it has not. */
  readonly finish: string | null;
  readonly tokens: number | null;
  readonly tokensPerSecond: number | null;
}

interface IChunk {
  readonly error?: { readonly message?: string; readonly code?: string | null };
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
    };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number } | null;
  readonly timings?: { readonly predicted_n?: number; readonly predicted_per_second?: number };
}

/** The OpenAI-compatible API of the server extension. Every method throws `ProblemError`. */
export class OpenAI {
  constructor(private readonly settings: ServerConnection.ISettings) {}

  /** The models that write text. */
  async models(): Promise<readonly IServed[]> {
    const response = await this.request('models', { method: 'GET' });
    const { data } = (await response.json()) as { data: IServed[] };
    return data.filter(({ task }) => task === 'generate');
  }

  /**
   * Ask for a chat's next answer, and hand over each piece of it as it comes; returns at its end.
   *
   * @param asked - The request as OpenAI's API takes it, without `stream`.
   * @param signal - Ends it: the request is aborted, and nothing more is handed over.
   */
  async chat(asked: object, signal: AbortSignal, take: (piece: IPiece) => void): Promise<void> {
    const response = await this.request('chat/completions', {
      method: 'POST',
      body: JSON.stringify({ ...asked, stream: true, stream_options: { include_usage: true } }),
      signal
    });
    const heard = { end: false };
    try {
      await readEvents(response, signal, ({ data }) => {
        if (data === '[DONE]') {
          heard.end = true;
        } else {
          const piece = pieceOf(JSON.parse(data) as IChunk);
          heard.end ||= piece.finish !== null; // how many tokens it has comes after that
          take(piece);
        }
      });
    } catch (error) {
      throw error instanceof ProblemError ? error : new ProblemError(BROKEN_OFF, String(error));
    }
    if (!heard.end && !signal.aborted) {
      throw new ProblemError(BROKEN_OFF, '');
    }
  }

  private async request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const url = URLExt.join(this.settings.baseUrl, OPENAI, path);
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      throw new ProblemError(UNREACHABLE, String(error));
    }
    if (!response.ok) {
      throw await refusalOf(response);
    }
    return response;
  }
}

function pieceOf({ choices, error, timings, usage }: IChunk): IPiece {
  if (error) {
    throw new ProblemError(error.code ?? 'server_error', error.message ?? '');
  }
  const choice = choices?.[0];
  return {
    text: choice?.delta?.content ?? '',
    reasoning: choice?.delta?.reasoning_content ?? '',
    finish: choice?.finish_reason ?? null,
    tokens: usage?.completion_tokens ?? timings?.predicted_n ?? null,
    tokensPerSecond: timings?.predicted_per_second ?? null
  };
}

/** What a response that is not a success says is wrong; `retry_after` in seconds stands in its body. */
async function refusalOf(response: Response): Promise<ProblemError> {
  const after = Number(response.headers.get('Retry-After') ?? Number.NaN);
  const about = { status: response.status, ...(after > 0 ? { retry_after: after } : {}) };
  try {
    const { error } = (await response.json()) as IChunk;
    if (error?.message !== undefined) {
      return new ProblemError(error.code ?? `http_${response.status}`, error.message, '', about);
    }
  } catch {
    // A proxy's own page, for example: the status is all that is known.
  }
  const said = `${response.status} ${response.statusText}`.trim();
  return new ProblemError(`http_${response.status}`, said, '', about);
}
