import { VDomModel } from '@jupyterlab/ui-components';
import { Throttler } from '@lumino/polling';

import { asProblem, ProblemError } from './api';

/** Something that the server is asked for: not there yet, there, or why not. */
export type Loaded<T> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: T }
  | { readonly kind: 'failed'; readonly problem: ProblemError };

/** Milliseconds between two looks at what changes all the time. */
const PAUSE = 300;

/** A model of one thing that the server is asked for. What is there stays while it is asked for anew. */
export class Resource<T> extends VDomModel {
  constructor(private readonly fetch: () => Promise<T>) {
    super();
  }

  get state(): Loaded<T> {
    return this._state;
  }

  /** The value, once there is one. */
  get value(): T | null {
    return this._state.kind === 'ready' ? this._state.value : null;
  }

  /** Ask again. Never rejects: a failure is a state. An answer that another one has overtaken is dropped. */
  async refresh(): Promise<void> {
    const asked = ++this.asked;
    let state: Loaded<T>;
    try {
      state = { kind: 'ready', value: await this.fetch() };
    } catch (error) {
      state = { kind: 'failed', problem: asProblem(error) };
    }
    if (asked === this.asked && !this.isDisposed) {
      this._state = state;
      this.stateChanged.emit();
    }
  }

  /** It may have changed: ask again soon, once for all that is told meanwhile, be it a thousand times. */
  renew(): void {
    // It rejects when it is disposed of while it waits.
    this.renewed.invoke().catch(() => undefined);
  }

  override dispose(): void {
    this.renewed.dispose();
    super.dispose();
  }

  private asked = 0;
  private readonly renewed = new Throttler(() => this.refresh(), {
    limit: PAUSE,
    edge: 'trailing'
  });
  private _state: Loaded<T> = { kind: 'loading' };
}
