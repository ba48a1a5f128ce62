import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';

import { IWorkbench } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { Ends } from './ends';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { JobsFeed } from './feed';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { JobsStatus } from './status';

import { IJobsFeed } from './tokens';

/** The panel of all jobs, and what tells of them elsewhere. */
export const jobs: JupyterFrontEndPlugin<IJobsFeed> = {
  id: 'jupyterlab-modelops:jobs',
  description: 'Lists jobs, shows what runs in the status bar, and tells when a job has ended.',
  autoStart: true,
  requires: [IWorkbench],
  optional: [IStatusBar],
  provides: IJobsFeed,
  activate: (
    app: JupyterFrontEnd,
    workbench: IWorkbench,
    statusBar: IStatusBar | null
  ): IJobsFeed => {
    const feed = new JobsFeed(workbench);
    new Ends(feed, workbench);
    workbench.addPanel('jobs', {
      label: workbench.trans.__('Jobs'),
      schema: {
        type: 'object',
        properties: { search: { type: 'string', description: 'Words to search for' } }
      },
      palette: true,
      key: () => '',
      create: async args =>
        new (await import('./panel')).JobsPanel(workbench, app.commands, feed, args)
    });
    statusBar?.registerStatusItem('jupyterlab-modelops:jobs', {
      item: new JobsStatus(feed),
      align: 'left',
      rank: 10,
      isActive: () => feed.active.length > 0,
      activeStateChanged: feed.stateChanged
    });
    return feed;
  }
};
