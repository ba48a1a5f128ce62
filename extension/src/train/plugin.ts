import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import * as React from 'react';

import { IPreviewProps, IWorkbench } from '../tokens';

/** Adds to the form of a training what it will learn from. */
export const train: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:train',
  description:
    'Shows beside the form of a training the dataset and the first batch as the model sees it.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    const Lazy = React.lazy(async () => ({ default: (await import('./preview')).TrainPreview }));
    workbench.addPreview('train', (props: IPreviewProps) =>
      React.createElement(React.Suspense, { fallback: null }, React.createElement(Lazy, props))
    );
  }
};
