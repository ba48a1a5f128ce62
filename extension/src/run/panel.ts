import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { Widget } from '@lumino/widgets';

import { SetupModel } from '../setup/model';
import { TemplatesModel, TemplatesView } from '../setup/templates';
import { SetupView } from '../setup/view';
import type { IPanelArguments, IWorkbench } from '../tokens';
import { SuccessivePanel } from '../workbench/successive';
import { RunModel } from './model';
import { OPEN_EXECUTED } from './notebooks';
import { RunView } from './view';

type Arguments = IPanelArguments['run'];

/** One run from its form to its result: the job takes the place of the form in the same tab. */
export class RunPanel extends SuccessivePanel<Arguments> {
  constructor(
    private readonly workbench: IWorkbench,
    private readonly commands: JupyterFrontEnd['commands'],
    args: Arguments
  ) {
    super(args);
    this.fill();
  }

  protected override view(): Widget {
    const { again, job, notebook, template } = this.args;
    if (job !== undefined) {
      return this.job(job);
    }
    return (again ?? notebook ?? template) ? this.form() : this.templates();
  }

  private templates(): Widget {
    const model = new TemplatesModel(this.workbench);
    model.chosen.connect((_, template) => {
      this.become({ template });
    });
    return this.titled(new TemplatesView(model), model);
  }

  private form(): Widget {
    const model = new SetupModel(this.workbench, this.args);
    model.changed.connect(() => {
      this.remember(model.arguments);
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
}
