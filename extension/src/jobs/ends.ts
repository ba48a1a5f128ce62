import { Notification } from '@jupyterlab/apputils';

import type { Job, JobState } from '../api';
import { stateName } from '../components';
import type { IWorkbench } from '../tokens';
import type { JobsFeed } from './feed';

/** Milliseconds for which a success is shown; it stays in the notification centre, and so does a failure on screen. */
const SHOWN = 8000;

/** Tells once of each job that it has ended, if it was seen at work in this session. */
export class Ends {
  constructor(
    private readonly feed: JobsFeed,
    private readonly workbench: IWorkbench
  ) {
    feed.stateChanged.connect(this.look);
    this.look();
  }

  dispose(): void {
    this.feed.stateChanged.disconnect(this.look);
  }

  private readonly look = (): void => {
    const ended = this.feed.ended.filter(job => this.atWork.delete(job.id));
    for (const job of this.feed.active) {
      this.atWork.add(job.id);
    }
    if (this.workbench.preferences.values.notifications) {
      ended.forEach(job => {
        this.tell(job);
      });
    }
  };

  private tell(job: Job): void {
    const { trans } = this.workbench;
    const message = job.reason
      ? `${job.name}: ${job.reason.message}`
      : trans.__('%1 has %2.', job.name, stateName(job.state, trans));
    Notification.emit(message, TYPES[job.state] ?? 'info', {
      autoClose: job.state === 'failed' ? false : SHOWN,
      actions: [
        {
          label: trans.__('Show'),
          callback: () => {
            this.workbench.open('run', { job: job.id });
          }
        }
      ]
    });
  }

  private readonly atWork = new Set<string>();
}

const TYPES: Partial<Record<JobState, 'success' | 'error' | 'warning'>> = {
  succeeded: 'success',
  failed: 'error',
  interrupted: 'warning'
};
