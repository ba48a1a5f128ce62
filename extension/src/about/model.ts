import { ServerConnection } from '@jupyterlab/services';
import { VDomModel } from '@jupyterlab/ui-components';

import { Api, Health, ProblemError } from '../api';

/** What is known of the server: nothing yet, how it is, or why it could not be asked. */
export type ServerState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'answered'; readonly health: Health }
  | { readonly kind: 'failed'; readonly error: ProblemError };

/** The versions of both halves of ModelOps, and how the server half is. */
export class AboutModel extends VDomModel {
  /**
   * @param version - The version of this front end.
   * @param settings - How the Jupyter server is reached.
   */
  constructor(
    readonly version: string,
    private readonly settings: ServerConnection.ISettings
  ) {
    super();
  }

  get server(): ServerState {
    return this._server;
  }

  /** The two halves were installed at different times, or the page is older than the server. */
  get mismatched(): boolean {
    return this._server.kind === 'answered' && this._server.health.version !== this.version;
  }

  /** Ask the server again. Never rejects: a failure is a state. */
  async refresh(): Promise<void> {
    this.set({ kind: 'asking' });
    try {
      this.set({ kind: 'answered', health: await new Api(this.settings).health() });
    } catch (error) {
      if (!(error instanceof ProblemError)) {
        throw error;
      }
      this.set({ kind: 'failed', error });
    }
  }

  private set(server: ServerState): void {
    if (!this.isDisposed) {
      this._server = server;
      this.stateChanged.emit();
    }
  }

  private _server: ServerState = { kind: 'asking' };
}
