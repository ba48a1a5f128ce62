import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWorkbench } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { EndpointsFeed } from './feed';

import { IEndpointsFeed } from './tokens';

/** The panels of endpoints, and of what serves a model. */
export const endpoints: JupyterFrontEndPlugin<IEndpointsFeed> = {
  id: 'jupyterlab-modelops:endpoints',
  description: 'Serves models and adapters, and shows what passes through endpoints.',
  autoStart: true,
  requires: [IWorkbench],
  provides: IEndpointsFeed,
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): IEndpointsFeed => {
    const { trans } = workbench;
    const feed = new EndpointsFeed(workbench);
    workbench.addPanel('endpoints', {
      label: trans.__('Endpoints'),
      schema: { type: 'object', properties: {} },
      palette: true,
      key: () => '',
      create: async () => new (await import('./panel')).EndpointsPanel(feed)
    });
    workbench.addPanel('serve', {
      label: trans.__('Serve a model'),
      schema: {
        type: 'object',
        properties: {
          ref: { type: 'string', description: 'The model or adapter to serve' },
          form: { type: 'object', description: 'What else the form holds' },
          endpoint: { type: 'string', description: 'Name of the endpoint to show' }
        }
      },
      palette: true,
      key: ({ endpoint, ref }) => JSON.stringify([endpoint, ref]),
      create: async args => new (await import('./panel')).ServePanel(workbench, feed, args)
    });
    return feed;
  }
};
