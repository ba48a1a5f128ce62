import type { JupyterFrontEnd } from '@jupyterlab/application';
import { ISignal, Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { modelOpsIcon } from '../icons';
import { SetupModel } from '../setup/model';
import { TemplatesModel, TemplatesView } from '../setup/templates';
import { SetupView } from '../setup/view';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { RunModel } from './model';
import { OPEN_EXECUTED } from './notebooks';
import { RunView } from './view';

type Arguments = IPanelArguments['run'];

/** One run from its form to its result: the job takes the place of the form in the same tab. */
export class RunPanel extends Widget implements IPanelContent<Arguments> {
  constructor(
    private readonly workbench: IWorkbench,
    private readonly commands: JupyterFrontEnd['commands'],
    args: Arguments
  ) {
    super();
    this.addClass('jp-ModelOps-Run');
    this.title.icon = modelOpsIcon;
    this.layout = new PanelLayout();
    this._args = args;
    this.fill();
  }

  get args(): Arguments {
    return this._args;
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  /** Show the form or the job that `args` name, in place of what is shown now. */
  become(args: Arguments): void {
    this._args = args;
    this._argsChanged.emit();
    this.fill();
  }

  private fill(): void {
    const layout = this.layout as PanelLayout;
    for (const old of [...layout.widgets]) {
      old.dispose();
    }
    const { again, job, notebook, template } = this._args;
    if (job !== undefined) {
      layout.addWidget(this.job(job));
    } else {
      layout.addWidget((again ?? notebook ?? template) ? this.form() : this.templates());
    }
  }

  private templates(): Widget {
    const model = new TemplatesModel(this.workbench);
    model.chosen.connect((_, template) => {
      this.become({ template });
    });
    return this.titled(new TemplatesView(model), model);
  }

  private form(): Widget {
    const model = new SetupModel(this.workbench, this._args);
    model.changed.connect(() => {
      // What was set up outlives a reload.
      this._args = model.arguments;
      this._argsChanged.emit();
    });
    model.submitted.connect((_, job) => {
      this.become({ job: job.id });
    });
    return this.titled(new SetupView(model), model);
  }

  private job(id: string): Widget {
    const model = new RunModel(this.workbench, id);
    model.again.connect((_, changes) => {
      this.become({ again: id, changes });
    });
    model.repeated.connect((_, job) => {
      this.become({ job: job.id });
    });
    const view = new RunView(model, () => this.commands.execute(OPEN_EXECUTED, { job: id }));
    return this.titled(view, model);
  }

  /** Let the tab say what the view says. */
  private titled<V extends Widget>(view: V, model: SetupModel | RunModel | TemplatesModel): V {
    const update = (): void => {
      this.title.label = model.title;
    };
    update();
    model.stateChanged.connect(update);
    view.disposed.connect(() => {
      model.dispose();
    });
    return view;
  }

  private _args: Arguments;
  private readonly _argsChanged = new Signal<this, void>(this);
}
