import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Dialog, ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

/** The ids of this plugin's commands. */
export namespace CommandIDs {
  export const about = 'modelops:about';
}

/** A command that shows the versions of both halves and how the server is. */
export const about: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:about',
  description: 'Shows the versions of ModelOps and the state of its server extension.',
  autoStart: true,
  optional: [ICommandPalette, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ): void => {
    const trans = (translator ?? nullTranslator).load('jupyterlab_modelops');

    app.commands.addCommand(CommandIDs.about, {
      label: trans.__('ModelOps: About'),
      caption: trans.__('Show the versions of ModelOps and the state of its server extension'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const [{ AboutModel }, { AboutView }, { default: metadata }] = await Promise.all([
          import('./model'),
          import('./view'),
          import('../../../package.json')
        ]);
        const model = new AboutModel(metadata.version, app.serviceManager.serverSettings);
        const dialog = new Dialog({
          title: trans.__('About ModelOps'),
          body: new AboutView(model, trans),
          buttons: [Dialog.okButton({ label: trans.__('Close') })]
        });
        void model.refresh();
        await dialog.launch();
        model.dispose();
      }
    });
    palette?.addItem({ command: CommandIDs.about, category: trans.__('ModelOps') });
  }
};
