import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWorkbench } from '../tokens';

/** The panel in which an index is searched, asked and read. */
export const ask: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:ask',
  description: 'Answers questions from indexed documents, and shows where the answers stand.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    const { trans } = workbench;
    workbench.addPanel('ask', {
      label: trans.__('Ask your documents'),
      schema: {
        type: 'object',
        properties: { ref: { type: 'string', description: trans.__('The index to ask') } }
      },
      palette: true,
      key: ({ ref }) => ref ?? '',
      create: async args => new (await import('./panel')).AskPanel(workbench, args)
    });
  }
};
