import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelOpsIcon } from '../icons';

import { IEndpointsFeed } from '../endpoints/tokens';
import { IJobsFeed } from '../jobs/tokens';
import { IWorkbench } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { SidebarModel } from './model';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { SidebarView } from './view';

/** The left sidebar. */
export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:sidebar',
  description: 'Shows jobs, endpoints and artifacts in the left sidebar.',
  autoStart: true,
  requires: [IWorkbench, IJobsFeed, IEndpointsFeed],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    workbench: IWorkbench,
    feed: IJobsFeed,
    endpoints: IEndpointsFeed,
    restorer: ILayoutRestorer | null
  ): void => {
    const view = new SidebarView(new SidebarModel(workbench, feed, endpoints));
    view.id = 'jp-modelops-sidebar';
    view.addClass('jp-ModelOps-Sidebar');
    view.title.icon = modelOpsIcon;
    view.title.caption = workbench.trans.__('ModelOps');
    view.node.setAttribute('role', 'region');
    view.node.setAttribute('aria-label', workbench.trans.__('ModelOps'));
    app.shell.add(view, 'left', { rank: 600 });
    restorer?.add(view, view.id);
  }
};
