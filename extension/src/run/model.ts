import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { asProblem, JobDetail, ProblemError, Values } from '../api';
import type { IWorkbench } from '../tokens';

/** A job as it runs or ran: what it is, and what is heard of it. */
export class RunModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    readonly id: string
  ) {
    super();
    void this.follow();
  }

  get title(): string {
    return this._job?.name ?? this.id;
  }

  get job(): JobDetail | null {
    return this._job;
  }

  /** Why the job cannot be shown. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Emitted when the same is to be run again, with changes to its parameters. */
  get again(): ISignal<this, Values> {
    return this._again;
  }

  override dispose(): void {
    this.ending.abort();
    super.dispose();
  }

  private async follow(): Promise<void> {
    try {
      await this.workbench.api.followJob(
        this.id,
        {
          job: job => {
            this._job = job;
            this.stateChanged.emit();
          },
          events: () => undefined,
          log: () => undefined,
          connected: () => undefined
        },
        this.ending.signal
      );
    } catch (error) {
      this._problem = asProblem(error);
      this.stateChanged.emit();
    }
  }

  private _job: JobDetail | null = null;
  private _problem: ProblemError | null = null;
  private readonly ending = new AbortController();
  private readonly _again = new Signal<this, Values>(this);
}
