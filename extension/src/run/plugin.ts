import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';

import { IWorkbench } from '../tokens';

/** The panel of one run. */
export const run: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:run',
  description: 'Sets up a run, follows it, and shows its result.',
  autoStart: true,
  requires: [IWorkbench],
  optional: [IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    workbench: IWorkbench,
    browser: IDefaultFileBrowser | null
  ): void => {
    const { trans } = workbench;
    workbench.addPanel('run', {
      label: trans.__('New run'),
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
      create: async args => new (await import('./panel')).RunPanel(workbench, app.commands, args)
    });

    app.commands.addCommand('modelops:open-executed-notebook', {
      label: trans.__('Open the Executed Notebook of a Run'),
      describedBy: {
        args: {
          type: 'object',
          properties: { job: { type: 'string', description: 'Id of the job' } },
          required: ['job']
        }
      },
      execute: async args => {
        const { copyExecuted } = await import('./notebooks');
        const { contents } = app.serviceManager;
        const job = await workbench.api.job(args.job as string);
        const folder = browser?.model.path ?? '';
        const path = await copyExecuted(job, workbench.api, contents, folder);
        await app.commands.execute('docmanager:open', { path });
      }
    });
  }
};
