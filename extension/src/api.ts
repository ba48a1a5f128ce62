import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** Where the server extension mounts its REST API, below Jupyter's base URL. */
const API = 'modelops/api/v1';

/** What `GET health` answers. */
export interface IHealth {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly state_home: string;
  readonly state_home_writable: boolean;
  readonly disk_full: boolean;
}

/** An error that the server answered with (RFC 9457), or one that kept it from answering. */
export class ProblemError extends Error {
  /**
   * @param code - What programs tell errors apart by.
   * @param detail - One sentence for a person; empty when the server said none.
   * @param hint - What to do about it; may be empty.
   */
  constructor(
    readonly code: string,
    detail: string,
    readonly hint = ''
  ) {
    super(detail);
    this.name = 'ProblemError';
  }
}

/** The server cannot be reached. */
export const UNREACHABLE = 'unreachable';

/** The server answers, but this extension's server part is not loaded there. */
export const NOT_INSTALLED = 'not_installed';

/**
 * Ask the server extension how it is.
 *
 * @throws ProblemError with the server's own code, or `unreachable`, `not_installed` or `unexpected_answer`.
 */
export async function fetchHealth(settings: ServerConnection.ISettings): Promise<IHealth> {
  return (await get('health', settings)) as IHealth;
}

async function get(path: string, settings: ServerConnection.ISettings): Promise<unknown> {
  let response: Response;
  try {
    const url = URLExt.join(settings.baseUrl, API, path);
    response = await ServerConnection.makeRequest(url, { method: 'GET' }, settings);
  } catch (error) {
    throw new ProblemError(UNREACHABLE, String(error));
  }
  if (!response.ok) {
    throw await problem(response);
  }
  try {
    return await response.json();
  } catch (error) {
    throw new ProblemError('unexpected_answer', String(error));
  }
}

async function problem(response: Response): Promise<ProblemError> {
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('application/problem+json')) {
    const body = (await response.json()) as { code: string; detail: string; hint?: string };
    return new ProblemError(body.code, body.detail, body.hint);
  }
  // Our server part answers every address below the API with a problem: this was somebody else.
  const code = response.status === 404 ? NOT_INSTALLED : 'unexpected_answer';
  return new ProblemError(code, `${response.status} ${response.statusText}`);
}
