import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ILauncher } from '@jupyterlab/launcher';

import { IWorkbench } from '../tokens';

/** The section of the launcher. */
export const launcher: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:launcher',
  description: 'Adds the panels of ModelOps to the launcher.',
  autoStart: true,
  requires: [IWorkbench],
  optional: [ILauncher],
  activate: (app: JupyterFrontEnd, workbench: IWorkbench, section: ILauncher | null): void => {
    const category = workbench.trans.__('ModelOps');
    // Only then are the commands of all plugins there.
    void app.started.then(() => {
      [
        'modelops:open-run',
        'modelops:open-serve',
        'modelops:open-chat',
        'modelops:open-ask',
        'modelops:open-jobs',
        'modelops:open-artifacts'
      ]
        .filter(command => app.commands.hasCommand(command))
        .forEach((command, rank) => section?.add({ command, category, rank }));
    });
  }
};
