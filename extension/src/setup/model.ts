import { VDomModel } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

import { asProblem, Job, Template, ProblemError, Values } from '../api';
import type { IPanelArguments, IWorkbench } from '../tokens';

/** A run that is being set up: its template, and the values of the form. */
export class SetupModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    private readonly args: IPanelArguments['run']
  ) {
    super();
    this._values = args.changes ?? {};
    void this.load();
  }

  get title(): string {
    return this._template?.title ?? this.workbench.trans.__('New run');
  }

  get template(): Template | null {
    return this._template;
  }

  /** The values that differ from the defaults. */
  get values(): Values {
    return this._values;
  }

  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Emitted when the job has been queued. */
  get submitted(): ISignal<this, Job> {
    return this._submitted;
  }

  async run(): Promise<void> {
    if (!this._template) {
      return;
    }
    const { name, path } = this._template;
    const template = this.args.notebook === undefined ? name : path;
    try {
      const submission = { template, parameters: this._values };
      this._submitted.emit(await this.workbench.api.submit(submission, this.key));
    } catch (error) {
      this.fail(error);
    }
  }

  private async load(): Promise<void> {
    const { api } = this.workbench;
    const { notebook, template } = this.args;
    try {
      this._template = await (notebook === undefined
        ? api.template(template ?? 'sft')
        : api.inspectNotebook(notebook));
      this.stateChanged.emit();
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    this._problem = asProblem(error);
    this.stateChanged.emit();
  }

  /** A second click on Run must not make a second job. */
  private readonly key = UUID.uuid4();
  private _template: Template | null = null;
  private _values: Values;
  private _problem: ProblemError | null = null;
  private readonly _submitted = new Signal<this, Job>(this);
}
