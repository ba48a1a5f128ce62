import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './about/plugin';
import { notebook } from './notebook/plugin';
import { run } from './run/plugin';
import { sidebar } from './sidebar/plugin';
import { workbench } from './workbench/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [workbench, sidebar, run, notebook, about];

export { IWorkbench } from './tokens';
export default plugins;
