import { Poll } from '@lumino/polling';

import type { ListedJob } from '../api';
import { Resource } from '../loaded';
import type { IWorkbench } from '../tokens';
import { ACTIVE, ENDED } from './states';

/** The jobs that are spoken of outside of panels. */
export interface INewest {
  readonly active: readonly ListedJob[];
  readonly ended: readonly ListedJob[];
}

const SHOWN = 20;
/** Milliseconds between two looks while jobs are at work: nothing else tells how far they are. */
const AT_WORK = 2000;

/** The jobs at work and the newest that have ended, as the sidebar, the status bar and notifications need them. */
export class JobsFeed extends Resource<INewest> {
  constructor(readonly workbench: IWorkbench) {
    super(async () => {
      const { api } = workbench;
      const [active, ended] = await Promise.all([
        api.jobs({ state: ACTIVE, limit: SHOWN }),
        api.jobs({ state: ENDED, limit: SHOWN })
      ]);
      // A job that ended between the two answers is in both: it has ended.
      const over = new Set(ended.jobs.map(job => job.id));
      return { active: active.jobs.filter(job => !over.has(job.id)), ended: ended.jobs };
    });
    workbench.jobsChanged.connect(this.hasten);
  }

  get active(): readonly ListedJob[] {
    return this.value?.active ?? [];
  }

  get ended(): readonly ListedJob[] {
    return this.value?.ended ?? [];
  }

  override async refresh(): Promise<void> {
    await super.refresh();
    const rest = this.workbench.preferences.values.refreshSeconds * 1000;
    const interval = this.active.length > 0 ? Math.min(AT_WORK, rest) : rest;
    if (!this.isDisposed && this.poll.frequency.interval !== interval) {
      this.poll.frequency = { interval, backoff: false, max: interval };
    }
  }

  override dispose(): void {
    this.workbench.jobsChanged.disconnect(this.hasten);
    this.poll.dispose();
    super.dispose();
  }

  private readonly hasten = (): void => {
    this.renew();
  };

  private readonly poll = new Poll({
    name: 'modelops:jobs',
    factory: () => this.refresh(),
    frequency: { interval: AT_WORK, backoff: false },
    standby: 'when-hidden'
  });
}
