import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { about } from './about/plugin';
import { artifactComparison } from './artifact-comparison/plugin';
import { artifacts } from './artifacts/plugin';
import { ask } from './ask/plugin';
import { chat } from './chat/plugin';
import { comparison } from './job-comparison/plugin';
import { endpoints } from './endpoints/plugin';
import { jobs } from './jobs/plugin';
import { launcher } from './launcher/plugin';
import { notebook } from './notebook/plugin';
import { quantize } from './quantize/plugin';
import { run } from './run/plugin';
import { sidebar } from './sidebar/plugin';
import { train } from './train/plugin';
import { workbench } from './workbench/plugin';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  workbench,
  jobs,
  endpoints,
  sidebar,
  run,
  train,
  quantize,
  comparison,
  notebook,
  artifacts,
  artifactComparison,
  chat,
  ask,
  launcher,
  about
];

export { IWorkbench } from './tokens';
export default plugins;
