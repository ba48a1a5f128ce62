import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { Artifact, asProblem, Endpoint, EndpointPlan, NewEndpoint, ProblemError } from '../api';
import { Resource } from '../loaded';
import { Adding } from '../setup/adding';
import { reference, References } from '../setup/references';
import type { IPanelArguments, IWorkbench } from '../tokens';
import { IAsked, kept, NOTHING, request } from './asking';

type Arguments = IPanelArguments['serve'];

/** An endpoint that is being set up: what is asked for, and what would be started. */
export class ServeModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    args: Arguments = {}
  ) {
    super();
    const { api } = workbench;
    this._asked = { ...NOTHING, ...(args.form as Partial<IAsked>), ref: args.ref ?? '' };
    this.references = new References(api);
    this.adding = new Adding(api);
    this.environment = new Adding(api);
    this.plan = new Resource(() => this.look());
    this.plan.stateChanged.connect(() => {
      this._stale = this.planned !== this.request;
      this.stateChanged.emit();
    });
    for (const kind of ['model', 'adapter'] as const) {
      this.references.of(kind).stateChanged.connect(() => {
        this.stateChanged.emit();
      });
    }
    this.adding.stateChanged.connect(() => {
      this.stateChanged.emit();
    });
    this.adding.added.connect((_, artifact) => void this.take(artifact));
    this.environment.stateChanged.connect(({ task }) => {
      if (task?.state === 'succeeded') {
        this.plan.renew();
      }
      this.stateChanged.emit();
    });
    this.change({});
  }

  readonly references: References;
  /** The model that is being added in place. */
  readonly adding: Adding;
  /** The environment that is being made for what is in the way. */
  readonly environment: Adding;
  readonly plan: Resource<EndpointPlan | null>;

  get title(): string {
    return this.workbench.trans.__('Serve a model');
  }

  get asked(): IAsked {
    return this._asked;
  }

  /** What would be sent; `null` while that is known to be refused. */
  get request(): NewEndpoint | null {
    return this._request;
  }

  /** Whether the plan is of other values than the form's. */
  get stale(): boolean {
    return this._stale;
  }

  /** What the panel would be opened with to have the form as it is now. */
  get arguments(): Arguments {
    const { ref, ...rest } = kept(this._asked);
    return { ...(typeof ref === 'string' ? { ref } : {}), form: rest };
  }

  get models(): readonly Artifact[] {
    return this.references.of('model').value ?? [];
  }

  /** The adapters that fit the chosen model, as the server says, and those that are chosen. */
  get adapters(): readonly Artifact[] {
    const fitting = new Set([...(this.plan.value?.adapters ?? []), ...this._asked.adapters]);
    return (this.references.of('adapter').value ?? []).filter(({ ref }) => fitting.has(ref));
  }

  /** Whether a model is being added, or can be. */
  get open(): boolean {
    return this._open;
  }

  set open(open: boolean) {
    this._open = open;
    this.stateChanged.emit();
  }

  get starting(): boolean {
    return this._starting;
  }

  /** Why nothing was started. */
  get refusal(): ProblemError | null {
    return this._refusal;
  }

  /** Emitted when the form holds something else. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted with the endpoint that was started. */
  get started(): ISignal<this, Endpoint> {
    return this._started;
  }

  /** Take these values; the others stay. Another model has other adapters. */
  change(values: Partial<IAsked>): void {
    const another = 'ref' in values && values.ref !== this._asked.ref;
    this._asked = {
      ...this._asked,
      ...(another ? { adapters: [], engine: 'auto', allowRejected: false } : {}),
      ...values
    };
    this._request = request(this._asked, this.workbench.trans);
    this._refusal = null;
    this._stale = true;
    if (this._request !== null) {
      this.plan.renew();
    }
    this._changed.emit();
    this.stateChanged.emit();
  }

  /** Start it; it is shown as an endpoint as soon as the server has begun. */
  async start(): Promise<void> {
    if (this._starting || this._request === null) {
      return;
    }
    this._starting = true;
    this._refusal = null;
    this.stateChanged.emit();
    try {
      this._started.emit(await this.workbench.api.endpoints.start(this._request));
    } catch (error) {
      this._refusal = asProblem(error);
    }
    this._starting = false;
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  override dispose(): void {
    this.adding.dispose();
    this.environment.dispose();
    this.plan.dispose();
    this.references.dispose();
    super.dispose();
  }

  private async look(): Promise<EndpointPlan | null> {
    this.planned = this._request;
    return this.planned && this.workbench.api.endpoints.plan(this.planned);
  }

  /** Choose the model that was added. */
  private async take(artifact: Artifact): Promise<void> {
    await this.references.of('model').refresh();
    this._open = false;
    this.change({ ref: reference(this.models, artifact) });
  }

  private _asked: IAsked;
  private _request: NewEndpoint | null = null;
  /** What the plan is of. */
  private planned: NewEndpoint | null = null;
  private _stale = true;
  private _open = false;
  private _starting = false;
  private _refusal: ProblemError | null = null;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _started = new Signal<this, Endpoint>(this);
}
