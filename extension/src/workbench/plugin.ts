import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
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
  optional: [ILayoutRestorer, ICommandPalette, ITranslator, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null,
    settings: ISettingRegistry | null
  ): IWorkbench => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_modelops');
    const shared = new Workbench(app, restorer, palette, trans);
    settings?.load(workbench.id).then(
      loaded => {
        shared.preferences.follow(loaded);
      },
      (error: unknown) => {
        console.error('The settings of ModelOps could not be read.', error);
      }
    );
    return shared;
  }
};
