import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { IWorkbench } from '../tokens';

/** The panel in which one talks to models. */
export const chat: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:chat',
  description: 'Talks to endpoints: to one, or to several side by side.',
  autoStart: true,
  requires: [IWorkbench, IRenderMimeRegistry],
  activate: (
    app: JupyterFrontEnd,
    workbench: IWorkbench,
    rendermime: IRenderMimeRegistry
  ): void => {
    const { trans } = workbench;
    workbench.addPanel('chat', {
      label: trans.__('Chat'),
      schema: {
        type: 'object',
        properties: {
          endpoints: {
            type: 'array',
            items: { type: 'string' },
            maxItems: 4,
            description: trans.__('The endpoints, or their adapters, that answer side by side')
          }
        }
      },
      palette: true,
      key: ({ endpoints }) => (endpoints ?? []).join(' '),
      create: async args =>
        new (await import('./panel')).ChatPanel(workbench, app.commands, rendermime, args)
    });
  }
};
