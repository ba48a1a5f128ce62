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
/** Seconds between two looks, where nothing tells of changes; progress is told by nothing else. */
const AT_WORK = 2000;
const AT_REST = 15_000;

/** The jobs at work and the newest that have ended, as the sidebar, the status bar and notifications need them. */
export class JobsFeed extends Resource<INewest> {
  constructor(readonly workbench: IWorkbench) {
    super(async () => {
      const { api } = workbench;
      const [active, ended] = await Promise.all([
        api.jobs({ state: ACTIVE, limit: SHOWN }),
        api.jobs({ state: ENDED, limit: SHOWN })
      ]);
      return { active: active.jobs, ended: ended.jobs };
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
    const interval = this.active.length > 0 ? AT_WORK : AT_REST;
    if (!this.isDisposed && this.poll.frequency.interval !== interval) {
      this.poll.frequency = { interval, backoff: false, max: AT_REST };
    }
  }

  override dispose(): void {
    this.workbench.jobsChanged.disconnect(this.hasten);
    this.poll.dispose();
    super.dispose();
  }

  private readonly hasten = (): void => {
    void this.poll.refresh();
  };

  private readonly poll = new Poll({
    name: 'modelops:jobs',
    factory: () => this.refresh(),
    frequency: { interval: AT_REST, backoff: false },
    standby: 'when-hidden'
  });
}
