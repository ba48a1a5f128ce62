import { URLExt } from '@jupyterlab/coreutils';

import type { Connection } from './connection';
import type { Endpoint, EndpointKey, EndpointPlan, NewEndpoint, NewEndpointKey } from './types';

/** Lines of a log's end that a panel shows. */
const LOG_LINES = 500;

/** What the API can do with endpoints: one method per operation. Every method throws `ProblemError`. */
export class EndpointsApi {
  constructor(private readonly connection: Connection) {}

  /** Where clients of OpenAI find the served models. */
  get openai(): string {
    return URLExt.join(this.connection.settings.baseUrl, 'modelops/openai/v1');
  }

  async list(): Promise<readonly Endpoint[]> {
    return (await this.connection.get<{ endpoints: Endpoint[] }>('endpoints')).endpoints;
  }

  /** What would be started, and what is in the way; nothing is started. */
  plan(asked: NewEndpoint): Promise<EndpointPlan> {
    return this.connection.send('POST', 'endpoint-plan', asked);
  }

  start(asked: NewEndpoint): Promise<Endpoint> {
    return this.connection.send('POST', 'endpoints', asked);
  }

  stop(name: string): Promise<Endpoint> {
    return this.connection.send('POST', path(name, 'stop'));
  }

  restart(name: string): Promise<Endpoint> {
    return this.connection.send('POST', path(name, 'restart'));
  }

  /** Stop an endpoint and forget it, with its log. */
  remove(name: string): Promise<void> {
    return this.connection.send('DELETE', path(name));
  }

  /** Serve other adapters: references to add, names to remove. */
  changeAdapters(
    name: string,
    change: { add?: readonly string[]; remove?: readonly string[] }
  ): Promise<Endpoint> {
    return this.connection.send('POST', path(name, 'adapters'), change);
  }

  /** The end of what an endpoint's keeper and engine wrote. */
  async log(name: string): Promise<string> {
    const init = { method: 'GET' };
    const answer = await this.connection.request(path(name, 'log'), init, { tail: LOG_LINES });
    return answer.text();
  }

  /** The address of the log. */
  logUrl(name: string): string {
    return this.connection.url(path(name, 'log'));
  }

  async keys(name: string): Promise<readonly EndpointKey[]> {
    return (await this.connection.get<{ keys: EndpointKey[] }>(path(name, 'keys'))).keys;
  }

  /** Make a key to one endpoint; what it is, is told this once. */
  createKey(name: string, id: string): Promise<NewEndpointKey> {
    return this.connection.send('POST', path(name, 'keys'), { id });
  }

  revokeKey(name: string, id: string): Promise<void> {
    return this.connection.send('DELETE', path(name, 'keys', id));
  }
}

function path(name: string, ...parts: string[]): string {
  return ['endpoints', name, ...parts].map(encodeURIComponent).join('/');
}
