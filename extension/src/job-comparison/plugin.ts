import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWorkbench } from '../tokens';

/** The panel that compares jobs. */
export const comparison: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:comparison',
  description: 'Shows two to eight jobs side by side.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    workbench.addPanel('comparison', {
      label: workbench.trans.__('Compare Jobs'),
      schema: {
        type: 'object',
        properties: {
          jobs: {
            type: 'array',
            items: { type: 'string' },
            minItems: 2,
            maxItems: 8,
            description: 'Ids of the jobs'
          }
        },
        required: ['jobs']
      },
      palette: false,
      key: args => args.jobs.join(' '),
      create: async args => new (await import('./panel')).ComparisonPanel(workbench, args)
    });
  }
};
