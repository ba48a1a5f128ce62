import { VDomModel } from '@jupyterlab/ui-components';
import { ReadonlyJSONObject, UUID } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
// eslint-disable-next-line jupyter/prefer-lazy-imports -- this module is loaded with the panel
import { customizeValidator } from '@rjsf/validator-ajv8';

import {
  Artifact,
  asProblem,
  FieldProblem,
  Job,
  JsonValue,
  Mend,
  ProblemError,
  Submission,
  Template,
  Values
} from '../api';
import type { IPanelArguments, IWorkbench } from '../tokens';
import {
  changesFrom,
  defaultsOf,
  formSchema,
  IParameter,
  parametersOf,
  problemsOf,
  same
} from './parameters';
import { Adding } from './adding';
import { applied, current, IPreset, presetsOf } from './presets';
import { ReadinessModel } from './readiness';
import { meant, References } from './references';

type Arguments = IPanelArguments['run'];

export const VALIDATOR = customizeValidator<ReadonlyJSONObject>();

/** A run that is being set up: its template, the values of the form, and whether they could run. */
export class SetupModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    private readonly args: Arguments,
    pause?: number
  ) {
    super();
    this.references = new References(workbench.api);
    this.readiness = new ReadinessModel(workbench.api, () => this.submission, pause);
    this.readiness.stateChanged.connect(() => {
      this.stateChanged.emit();
    });
    this.environment = new Adding(workbench.api);
    this.environment.stateChanged.connect(({ task }) => {
      if (task?.state === 'succeeded') {
        this.readiness.changed();
      }
      this.stateChanged.emit();
    });
    this.references.tasks.stateChanged.connect(() => {
      this.followMaking();
    });
    void this.load();
  }

  /** The environment that is being made for the template. */
  readonly environment: Adding;
  readonly references: References;
  readonly readiness: ReadinessModel;

  get title(): string {
    return this._template?.title ?? this.workbench.trans.__('New run');
  }

  get template(): Template | null {
    return this._template;
  }

  get parameters(): readonly IParameter[] {
    return this._parameters;
  }

  /** The value of every parameter, as far as it has one. */
  get values(): Values {
    return this._values;
  }

  /** The values as the template has them. */
  get defaults(): Values {
    return this._defaults;
  }

  /** The values of the job that is set up again. */
  get previous(): Values | null {
    return this._previous;
  }

  /** The values that differ from the template's: what is submitted. */
  get changes(): Values {
    return changesFrom(this._defaults, this._values);
  }

  /** What the panel would be opened with to have the form as it is now. */
  get arguments(): Arguments {
    const changes = changesFrom(this._previous ?? this._defaults, this._values);
    const options = this.extra.options as Values | undefined;
    return { ...this.args, changes, ...(options ? { options } : {}) };
  }

  /** Why the form cannot be shown, or the run was not queued. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Whether the run is being queued. */
  get submitting(): boolean {
    return this._submitting;
  }

  /** What is wrong with the fields: what the form sees at once, and else what the server says. */
  get fieldProblems(): readonly FieldProblem[] {
    const told = this.readiness.stale ? [] : (this.readiness.answer?.fields ?? []);
    const seen = new Set(this.invalid.map(({ name }) => name));
    return [...this.invalid, ...[...told, ...this.refused].filter(({ name }) => !seen.has(name))];
  }

  /** What would be submitted; `null` while the form itself knows that it would be refused. */
  get submission(): Submission | null {
    if (!this._template || this.invalid.length > 0) {
      return null;
    }
    const { name, path } = this._template;
    return { template: this.byPath ? path : name, parameters: this.changes, ...this.extra };
  }

  /** The registered artifacts that the parameters name. */
  get inputs(): Readonly<Record<string, Artifact | null>> {
    return Object.fromEntries(
      this._parameters.flatMap(({ name, reference }) => {
        if (reference === null) {
          return [];
        }
        const value = this._values[name];
        const known = this.references.of(reference).value ?? [];
        return [[name, typeof value === 'string' ? meant(known, value) : null]];
      })
    );
  }

  /** The parameter for which something is being added in place. */
  get adding(): string | null {
    return this._adding;
  }

  set adding(name: string | null) {
    this._adding = name;
    this.stateChanged.emit();
  }

  get presets(): readonly IPreset[] {
    const saved = this.workbench.preferences.values.presets;
    return this._template ? presetsOf(this._template, saved) : [];
  }

  /** The preset that the values are of. */
  get preset(): IPreset | null {
    return current(this.presets, this._values, this._defaults);
  }

  /** Emitted when the values have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emitted when the job has been queued. */
  get submitted(): ISignal<this, Job> {
    return this._submitted;
  }

  /** Take these values; what is not among them stays. */
  change(values: Readonly<Record<string, JsonValue | undefined>>): void {
    const merged: Record<string, JsonValue | undefined> = { ...this._values, ...values };
    const known = this._parameters.filter(({ name }) => merged[name] !== undefined);
    this.assign(Object.fromEntries(known.map(({ name }) => [name, merged[name] as JsonValue])));
  }

  /** Take what the form holds: a value that is not among these has been emptied. */
  edit(values: Readonly<Record<string, JsonValue | undefined>>): void {
    const taken = this._parameters.map(({ name, nullable }) => {
      return [name, values[name] ?? (nullable ? null : undefined)];
    });
    this.change(Object.fromEntries(taken) as Record<string, JsonValue | undefined>);
  }

  /** Give a parameter the value back that the template has for it. */
  reset(name: string): void {
    this.change({ [name]: this._defaults[name] });
  }

  apply(preset: IPreset): void {
    this.change(applied(preset, this.presets, this._values, this._defaults));
  }

  /** Keep what was changed as a preset of the user's own; what the run is about, such as its dataset, is no part of it. */
  async savePreset(title: string): Promise<void> {
    const { preferences } = this.workbench;
    const { name } = this._template ?? { name: '' };
    const { presets } = preferences.values;
    const about = new Set(this._parameters.filter(({ reference }) => reference).map(p => p.name));
    const values = Object.entries(this.changes).filter(([parameter]) => !about.has(parameter));
    await preferences.set('presets', {
      ...presets,
      [name]: { ...presets[name], [title]: Object.fromEntries(values) }
    });
    this.stateChanged.emit();
  }

  /** Do what mends the run. */
  mend({ action, parameters }: Mend): void {
    switch (action?.kind) {
      case 'add-model':
      case 'add-dataset':
        this.adding = action.parameter as string;
        break;
      case 'create-environment':
        void this.environment.start(api => api.createEnvironment(action.environment as string));
        return;
      case 'options':
      case 'resources': {
        const { kind } = action;
        this.extra = {
          ...this.extra,
          [kind]: { ...this.extra[kind], ...(action[kind] as object) }
        };
        this.key = UUID.uuid4();
        this._changed.emit();
        break;
      }
    }
    // Whatever it was: what the server says now may be something else.
    this.change((parameters ?? {}) as Values);
  }

  /** Whether the server has said that the run would not do well, and it can be queued all the same. */
  get doubtful(): boolean {
    const { answer, stale } = this.readiness;
    return !stale && answer?.ready === false && this.fieldProblems.length === 0;
  }

  /** Queue the run; one that turns out not to be ready only when the user, who sees why, asks again. */
  async run(): Promise<void> {
    if (this._submitting) {
      return;
    }
    this._submitting = true;
    this._problem = null;
    this.stateChanged.emit();
    const submission = await this.settled();
    if (submission !== null) {
      await this.submit(submission);
    }
    this._submitting = false;
    this.stateChanged.emit();
  }

  /** Ask again for what could not be had. */
  async load(): Promise<void> {
    this._problem = null;
    try {
      const { again, changes, options } = this.args;
      const job = again === undefined ? null : await this.workbench.api.job(again);
      this._template = await this.find(job?.notebook ?? job?.template);
      this.followMaking();
      this._parameters = parametersOf(this._template);
      this._defaults = defaultsOf(this._parameters);
      this._previous = job && { ...this._defaults, ...(job.parameters as Values) };
      this._values = this._previous ?? this._defaults;
      if (options) {
        this.extra = { options: options as Submission['options'] };
      }
      this.change(changes ?? {});
    } catch (error) {
      this._problem = asProblem(error);
      this.stateChanged.emit();
    }
  }

  override dispose(): void {
    this.environment.dispose();
    this.readiness.dispose();
    this.references.dispose();
    super.dispose();
  }

  /** Follow the making of the template's environment where the server is at it already, such as since before a reload. */
  private followMaking(): void {
    const made = this.references.tasks.value?.find(
      ({ kind, name, state }) =>
        kind === 'create-environment' && name === this._template?.environment && state === 'running'
    );
    if (made && !this.environment.task) {
      this.environment.follow(made);
    }
  }

  /** What to submit when the server has looked at it; `null` where there is something that the user has yet to see. */
  private async settled(): Promise<Submission | null> {
    const seen = this.doubtful;
    await this.readiness.settle();
    const unseen = this.fieldProblems.length > 0 || (this.doubtful && !seen);
    return unseen ? null : this.submission;
  }

  private async submit(submission: Submission): Promise<void> {
    try {
      this._submitted.emit(await this.workbench.api.submit(submission, this.key));
    } catch (error) {
      const problem = asProblem(error);
      this.refused = (problem.body.fields ?? []) as FieldProblem[];
      this._problem = problem;
    }
  }

  /** The template that the arguments name, or that of the job that is set up again: a name, or a notebook's path. */
  private find(ofJob: string | undefined): Promise<Template> {
    const { api } = this.workbench;
    const named = this.args.notebook ?? ofJob ?? this.args.template ?? '';
    this.byPath = this.args.notebook !== undefined || named.endsWith('.ipynb');
    return this.byPath ? api.inspectNotebook(named) : api.template(named);
  }

  private assign(values: Values): void {
    const differ = !same(this._values, values);
    this._values = values;
    this.invalid = this.check();
    if (differ) {
      // The same click twice makes one job; other values are another one.
      this.key = UUID.uuid4();
      this.refused = [];
      this._problem = null;
      this._changed.emit();
    }
    this.readiness.changed();
    this.stateChanged.emit();
  }

  private check(): readonly FieldProblem[] {
    const { errors } = VALIDATOR.validateFormData(this._values, formSchema(this._parameters));
    return problemsOf(errors, this.workbench.trans);
  }

  private byPath = false;
  /** What is asked for beside the parameters, such as more memory. */
  private extra: Partial<Pick<Submission, 'options' | 'resources'>> = {};
  private _adding: string | null = null;
  private key = UUID.uuid4();
  private invalid: readonly FieldProblem[] = [];
  /** What the server refused the last submission for. */
  private refused: readonly FieldProblem[] = [];
  private _template: Template | null = null;
  private _parameters: readonly IParameter[] = [];
  private _values: Values = {};
  private _defaults: Values = {};
  private _previous: Values | null = null;
  private _problem: ProblemError | null = null;
  private _submitting = false;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _submitted = new Signal<this, Job>(this);
}
