import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { IWorkbench } from '../tokens';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- needed at once
import { Workbench } from './workbench';

/** Provides what all panels share. */
export const workbench: JupyterFrontEndPlugin<IWorkbench> = {
  id: 'jupyterlab-modelops:workbench',
  description: 'Opens the panels of ModelOps and restores them.',
  autoStart: true,
  provides: IWorkbench,
  optional: [ILayoutRestorer, ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): IWorkbench => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_modelops');
    return new Workbench(app, restorer, palette, trans);
  }
};
