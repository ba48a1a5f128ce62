import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWorkbench } from '../tokens';

/** The panel of one run. */
export const run: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:run',
  description: 'Sets up a run, follows it, and shows its result.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    workbench.addPanel('run', {
      label: workbench.trans.__('New run'),
      schema: {
        type: 'object',
        properties: {
          template: { type: 'string', description: 'Name of the template to set up' },
          notebook: { type: 'string', description: 'Path of the notebook to set up' },
          again: { type: 'string', description: 'Id of the job to set up again' },
          changes: { type: 'object', description: 'Parameters to change in the form' },
          job: { type: 'string', description: 'Id of the job to show' }
        }
      },
      palette: true,
      key: args => JSON.stringify([args.job, args.template, args.notebook, args.again]),
      create: async args => new (await import('./panel')).RunPanel(workbench, args)
    });
  }
};
