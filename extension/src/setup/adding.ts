import { VDomModel } from '@jupyterlab/ui-components';
import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Api, Artifact, asProblem, ProblemError, Task } from '../api';

/** How often a task is asked how far it is, in milliseconds. */
const INTERVAL = 500;

/** A dataset, model or environment that is being added: a task of the server, followed to its end. */
export class Adding extends VDomModel {
  constructor(
    private readonly api: Api,
    private readonly interval = INTERVAL
  ) {
    super();
  }

  /** The task, once the server has begun it. */
  get task(): Task | null {
    return this._task;
  }

  /** Whether it is at work. */
  get busy(): boolean {
    return this.starting || this._task?.state === 'running';
  }

  /** Why nothing was added. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Emitted with the artifact that was added. */
  get added(): ISignal<this, Artifact> {
    return this._added;
  }

  /** Begin, unless it is at work; `begin` asks the server for the task. */
  async start(begin: (api: Api) => Promise<Task>): Promise<void> {
    if (this.busy) {
      return;
    }
    this.starting = true;
    this._problem = null;
    this.stateChanged.emit();
    try {
      this.follow(await begin(this.api));
    } catch (error) {
      this._problem = asProblem(error);
    }
    this.starting = false;
    this.stateChanged.emit();
  }

  /** Follow a task that the server is at work on. */
  follow(task: Task): void {
    this.take(task);
    this.poll?.dispose();
    this.poll = new Poll({
      factory: async () => {
        this.take(await this.api.task(task.id));
      },
      frequency: { interval: this.interval, backoff: true, max: 10 * this.interval },
      standby: 'never'
    });
  }

  async cancel(): Promise<void> {
    if (this._task) {
      try {
        this.take(await this.api.cancelTask(this._task.id));
      } catch (error) {
        this._problem = asProblem(error);
        this.stateChanged.emit();
      }
    }
  }

  override dispose(): void {
    this.poll?.dispose();
    super.dispose();
  }

  private take(task: Task): void {
    if (this.isDisposed || (this._task?.id === task.id && this._task.state !== 'running')) {
      return;
    }
    this._task = task;
    const { code, detail, hint } = task.problem ?? { code: '', detail: '', hint: '' };
    this._problem = task.problem && new ProblemError(code, detail, hint, task.problem);
    if (task.state !== 'running') {
      this.poll?.dispose();
    }
    this.stateChanged.emit();
    if (task.result && 'ref' in task.result) {
      this._added.emit(task.result);
    }
  }

  private starting = false;
  private poll: Poll | null = null;
  private _task: Task | null = null;
  private _problem: ProblemError | null = null;
  private readonly _added = new Signal<this, Artifact>(this);
}
