import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { IWorkbench } from '../tokens';

/** The panel that compares artifacts. */
export const artifactComparison: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:artifact-comparison',
  description: 'Shows artifacts side by side: size, quality, speed, and what they were made from.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    workbench.addPanel('artifact-comparison', {
      label: workbench.trans.__('Compare Artifacts'),
      schema: {
        type: 'object',
        properties: {
          artifacts: {
            type: 'array',
            items: { type: 'string' },
            minItems: 1,
            maxItems: 16,
            description: 'The artifacts, such as support-bot@3'
          }
        },
        required: ['artifacts']
      },
      palette: false,
      key: ({ artifacts }) => artifacts.join(' '),
      create: async args => new (await import('./panel')).ArtifactComparisonPanel(workbench, args)
    });
  }
};
