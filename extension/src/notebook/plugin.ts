import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { modelOpsIcon } from '../icons';
import { IWorkbench } from '../tokens';

/** The ids of this plugin's commands. */
export namespace CommandIDs {
  export const runNotebook = 'modelops:run-notebook';
  export const runFile = 'modelops:run-file';
}

/** “Run as Job…” for the notebook at hand, and for the one that is selected in the file browser. */
export const notebook: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-modelops:notebook',
  description: 'Runs any notebook as a job, from its toolbar and from the file browser.',
  autoStart: true,
  requires: [IWorkbench],
  optional: [INotebookTracker, IDefaultFileBrowser, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    workbench: IWorkbench,
    tracker: INotebookTracker | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null
  ): void => {
    const { contents } = app.serviceManager;
    const { trans } = workbench;
    /** What the server is asked for is the file: it holds what was saved. */
    const setUp = async (path: string): Promise<void> => {
      const open = tracker?.find(panel => panel.context.path === path);
      if (open && !(await saved(open))) {
        return;
      }
      workbench.open('run', { notebook: contents.localPath(path) });
    };

    app.commands.addCommand(CommandIDs.runNotebook, {
      label: trans.__('Run as Job…'),
      caption: trans.__('Save this notebook, and set up a job that runs it with other parameters'),
      icon: modelOpsIcon,
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: trans.__('Path of the notebook; by default the current one')
            }
          }
        }
      },
      isEnabled: args => typeof args.path === 'string' || !!tracker?.currentWidget,
      execute: async args => {
        const path = args.path ?? tracker?.currentWidget?.context.path;
        if (typeof path === 'string') {
          await setUp(path);
        }
      }
    });
    tracker?.currentChanged.connect(() => {
      app.commands.notifyCommandChanged(CommandIDs.runNotebook);
    });
    palette?.addItem({ command: CommandIDs.runNotebook, category: trans.__('ModelOps') });

    if (browser) {
      app.commands.addCommand(CommandIDs.runFile, {
        label: trans.__('Run as Job…'),
        caption: trans.__('Set up jobs that run the selected notebooks with other parameters'),
        icon: modelOpsIcon,
        describedBy: { args: { type: 'object', properties: {} } },
        execute: async () => {
          const selected = [...browser.selectedItems()].filter(item => item.type === 'notebook');
          for (const { path } of selected) {
            await setUp(path);
          }
        }
      });
    }
  }
};

/** Save the notebook if it differs from its file; whether they are the same now. */
async function saved({ context }: NotebookPanel): Promise<boolean> {
  await context.ready;
  if (context.model.dirty) {
    await context.save();
  }
  // A save that failed, or that the user did not want, was told in a dialog.
  return !context.model.dirty;
}
