import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { IWorkbench } from '../tokens';
import type { Shelf } from './panel';

/** The list of all artifacts, and the panel of each. */
export const artifacts: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:artifacts',
  description: 'Lists artifacts, verifies them, and shows where they came from.',
  autoStart: true,
  requires: [IWorkbench, IRenderMimeRegistry],
  activate: (
    _app: JupyterFrontEnd,
    workbench: IWorkbench,
    rendermime: IRenderMimeRegistry
  ): void => {
    const { trans } = workbench;
    let shelf: Shelf | null = null;
    workbench.addPanel('artifacts', {
      label: trans.__('Artifacts'),
      schema: {
        type: 'object',
        properties: {
          kind: { type: 'string', description: trans.__('Show only artifacts of this kind') }
        }
      },
      palette: true,
      key: () => 'artifacts',
      create: async args => new (await import('./panel')).ListingPanel(workbench, args)
    });
    workbench.addPanel('artifact', {
      label: trans.__('Show Artifact'),
      schema: {
        type: 'object',
        properties: {
          ref: { type: 'string', description: trans.__('The artifact, such as support-bot@3') },
          tab: {
            type: 'string',
            description: trans.__('The page: overview, files, lineage or attestation')
          }
        },
        required: ['ref']
      },
      palette: false,
      key: ({ ref }) => ref,
      create: async args => {
        const panel = await import('./panel');
        shelf ??= new panel.Shelf(workbench, rendermime);
        return new panel.ArtifactPanel(shelf, args);
      }
    });
  }
};
