import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import * as React from 'react';

import { IPreviewProps, IWorkbench } from '../tokens';

/** Adds to the form of a quantization what would come out of each choice. */
export const quantize: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:quantize',
  description: 'Shows beside the form of a quantization the size and quality of each choice.',
  autoStart: true,
  requires: [IWorkbench],
  activate: (_app: JupyterFrontEnd, workbench: IWorkbench): void => {
    const Lazy = React.lazy(async () => ({ default: (await import('./preview')).QuantizePreview }));
    workbench.addPreview('quantize', (props: IPreviewProps) =>
      React.createElement(React.Suspense, { fallback: null }, React.createElement(Lazy, props))
    );
  }
};
