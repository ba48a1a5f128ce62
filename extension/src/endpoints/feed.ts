import { Poll } from '@lumino/polling';

import type { Endpoint } from '../api';
import { Resource } from '../loaded';
import type { IWorkbench } from '../tokens';
import { History } from './history';
import { hasEnded, isMoving } from './states';

/** Milliseconds between two looks: while an endpoint is on its way to another state, and while one runs. */
const MOVING = 1000;
const RUNNING = 2000;

/** All endpoints, as the sidebar and the panels need them; asked for while somebody watches. */
export class EndpointsFeed extends Resource<readonly Endpoint[]> {
  constructor(readonly workbench: IWorkbench) {
    super(() => workbench.api.endpoints.list());
  }

  get endpoints(): readonly Endpoint[] {
    return this.value ?? [];
  }

  /** Those that have not ended. */
  get running(): readonly Endpoint[] {
    return this.endpoints.filter(endpoint => !hasEnded(endpoint));
  }

  /** The endpoint of a name; `null` where there is none, as far as is known. */
  find(name: string): Endpoint | null {
    return this.endpoints.find(endpoint => endpoint.name === name) ?? null;
  }

  /** What has passed through an endpoint since it was first looked at. */
  history(name: string): History {
    let history = this.histories.get(name);
    if (!history) {
      history = new History();
      this.histories.set(name, history);
    }
    return history;
  }

  /** Whether anybody watches. */
  get watched(): boolean {
    return this.watchers.size > 0;
  }

  /** Somebody sees endpoints: ask now, and again and again. */
  watch(who: object): void {
    const first = !this.watched;
    this.watchers.add(who);
    if (first) {
      void this.poll.start();
    } else {
      this.renew();
    }
  }

  /** Somebody sees them no longer; when nobody does, nothing is asked. */
  unwatch(who: object): void {
    this.watchers.delete(who);
    if (!this.watched && !this.isDisposed) {
      void this.poll.stop();
    }
  }

  override async refresh(): Promise<void> {
    await super.refresh();
    if (this.isDisposed) {
      return;
    }
    for (const endpoint of this.endpoints) {
      this.history(endpoint.name).take(endpoint);
    }
    const interval = this.pause();
    if (this.poll.frequency.interval !== interval) {
      this.poll.frequency = { interval, backoff: false, max: interval };
    }
  }

  override dispose(): void {
    this.poll.dispose();
    super.dispose();
  }

  private pause(): number {
    if (this.endpoints.some(isMoving)) {
      return MOVING;
    }
    // Where nothing runs, nothing changes but what somebody starts elsewhere.
    return this.running.length > 0
      ? RUNNING
      : this.workbench.preferences.values.refreshSeconds * 1000;
  }

  private readonly watchers = new Set<object>();
  private readonly histories = new Map<string, History>();
  private readonly poll = new Poll({
    name: 'modelops:endpoints',
    factory: () => this.refresh(),
    frequency: { interval: RUNNING, backoff: false },
    auto: false,
    standby: 'when-hidden'
  });
}
