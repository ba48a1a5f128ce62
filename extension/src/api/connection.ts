import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { problemOf, ProblemError, UNEXPECTED, UNREACHABLE } from './problems';

/** Where the server extension mounts its REST API, below Jupyter's base URL. */
const API = 'modelops/api/v1';

/** The arguments of a query; lists are repeated, and what is undefined is left out. */
export type Query = Readonly<
  Record<string, string | number | boolean | readonly string[] | undefined>
>;

/** Requests to the server extension's REST API, with errors as problems. */
export class Connection {
  constructor(readonly settings: ServerConnection.ISettings) {}

  /** The address of a path of the API; each part of `path` must be encoded already. */
  url(path: string, query: Query = {}): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const item of Array.isArray(value) ? (value as readonly string[]) : [value]) {
        if (item !== undefined) {
          parameters.append(name, String(item));
        }
      }
    }
    const text = parameters.toString();
    return URLExt.join(this.settings.baseUrl, API, path) + (text ? `?${text}` : '');
  }

  /** @throws ProblemError with the server's own code, or `unreachable`, `not_installed` or `unexpected_answer`. */
  async get<T>(path: string, query: Query = {}): Promise<T> {
    return this.json(await this.request(path, { method: 'GET' }, query));
  }

  /** Send a JSON body; `headers` are added. */
  async send<T>(
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body: unknown = {},
    headers: Record<string, string> = {}
  ): Promise<T> {
    const init = { method, body: JSON.stringify(body), headers };
    return this.json(await this.request(path, init));
  }

  /** A response that is a success. */
  async request(path: string, init: RequestInit, query: Query = {}): Promise<Response> {
    let response: Response;
    try {
      const url = this.url(path, query);
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (init.signal?.aborted) {
        throw error;
      }
      throw new ProblemError(UNREACHABLE, String(error));
    }
    if (!response.ok) {
      throw await problemOf(response);
    }
    return response;
  }

  private async json<T>(response: Response): Promise<T> {
    if (response.status === 204) {
      return undefined as T;
    }
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw new ProblemError(UNEXPECTED, String(error));
    }
  }
}
