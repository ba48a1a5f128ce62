import { Poll } from '@lumino/polling';

import type { Job } from '../api';
import { Resource } from '../loaded';
import type { IWorkbench } from '../tokens';

const ACTIVE = ['queued', 'starting', 'running', 'finalizing'];
const SHOWN = 20;

/** What the sidebar shows: the newest jobs, those at work first. */
export class SidebarModel extends Resource<readonly Job[]> {
  constructor(readonly workbench: IWorkbench) {
    super(async () => (await workbench.api.jobs({ limit: SHOWN })).jobs);
    workbench.jobsChanged.connect(() => {
      void this.poll.refresh();
    });
  }

  get active(): readonly Job[] {
    return (this.value ?? []).filter(job => ACTIVE.includes(job.state));
  }

  get recent(): readonly Job[] {
    return (this.value ?? []).filter(job => !ACTIVE.includes(job.state));
  }

  override dispose(): void {
    this.poll.dispose();
    super.dispose();
  }

  private readonly poll = new Poll({
    name: 'modelops:jobs',
    factory: () => this.refresh(),
    frequency: { interval: 10_000, backoff: false },
    standby: 'when-hidden'
  });
}
