import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ISignal, Signal } from '@lumino/signaling';

import { modelOpsIcon } from '../icons';
import { OPEN_EXECUTED } from '../run/notebooks';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import type { JobsFeed } from './feed';
import { JobsModel } from './model';
import { JobsView } from './view';

type Arguments = IPanelArguments['jobs'];

/** The panel of all jobs. */
export class JobsPanel extends JobsView implements IPanelContent<Arguments> {
  constructor(
    workbench: IWorkbench,
    commands: JupyterFrontEnd['commands'],
    feed: JobsFeed,
    args: Arguments
  ) {
    const model = new JobsModel(workbench, feed, args);
    super(model, job => commands.execute(OPEN_EXECUTED, { job: job.id }));
    this.title.label = workbench.trans.__('Jobs');
    this.title.icon = modelOpsIcon;
    model.queryChanged.connect(() => {
      this._argsChanged.emit();
    });
    this.disposed.connect(() => {
      model.dispose();
    });
  }

  get args(): Arguments {
    const { search } = this.model.query;
    return search === '' ? {} : { search };
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  private readonly _argsChanged = new Signal<this, void>(this);
}
