import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { JobsFeed } from './feed';
import { fractionOf, runTitle } from './wording';

/** What runs, in the status bar: `▸ sft 62 %`. */
export class JobsStatus extends VDomRenderer<JobsFeed> {
  protected override render(): React.JSX.Element | null {
    const { active, workbench } = this.model;
    const { trans } = workbench;
    const running = active.filter(job => job.state !== 'queued');
    const [first] = running.length > 0 ? running : active;
    if (!first) {
      return null;
    }
    const others = active.length - 1;
    return (
      <button
        className="jp-ModelOps-status-item"
        title={trans.__('Show what runs')}
        onClick={() => {
          if (others > 0) {
            workbench.open('jobs', {});
          } else {
            workbench.open('run', { job: first.id });
          }
        }}
      >
        {runTitle(first, fractionOf(first))}
        {others > 0 && ` +${others}`}
      </button>
    );
  }
}
