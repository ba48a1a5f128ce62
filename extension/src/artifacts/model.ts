import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { ArtifactDetail, asProblem, Envelope, Lineage, ProblemError } from '../api';
import { Loaded, Resource } from '../loaded';
import type { IPanelArguments, IWorkbench } from '../tokens';
import type { Check, Checks } from './checks';
import type { IStep, Steps } from './steps';

/** The pages of the panel. */
export const TABS = ['overview', 'files', 'lineage', 'attestation'] as const;
export type Tab = (typeof TABS)[number];

/** The HTTP status with which the server refuses to send what is not what was signed. */
const NOT_AS_SIGNED = 409;

type Arguments = IPanelArguments['artifact'];

/** One artifact after the other: what it is, whether it is what was signed, and where it came from. */
export class ArtifactModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    private readonly checks: Checks,
    private readonly steps_: Steps,
    args: Arguments
  ) {
    super();
    this.tab_ = TABS.find(tab => tab === args.tab) ?? 'overview';
    this.subject = this.about(args.ref);
    checks.stateChanged.connect(() => {
      this.stateChanged.emit();
    }, this);
  }

  get args(): Arguments {
    return { ref: this.subject.ref, tab: this.tab_ };
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  /** The artifact that is shown, as it was asked for. */
  get ref(): string {
    return this.subject.ref;
  }

  get detail(): Loaded<ArtifactDetail> {
    return this.subject.detail.state;
  }

  get lineage(): Loaded<Lineage> {
    return this.subject.lineage.state;
  }

  get attestation(): Loaded<Envelope> {
    return this.subject.attestation.state;
  }

  get tab(): Tab {
    return this.tab_;
  }

  /** What can be done with it now. */
  get steps(): readonly IStep[] {
    return this.subject.steps;
  }

  /** What is known of whether it is what was signed. */
  get check(): Check {
    const detail = this.subject.detail.value;
    if (!detail) {
      return { kind: 'unchecked' };
    }
    const check = this.checks.of(detail.digest);
    // The server checks the signature when it tells about an artifact; that it holds does not say that the files are.
    return check.kind === 'unchecked' && detail.problem
      ? { kind: 'refused', problem: detail.problem, time: detail.created }
      : check;
  }

  /** Whether who made it, from what and with which key is shown. */
  get explained(): boolean {
    return this._explained;
  }

  /** Why an alias could not be changed. */
  get aliasProblem(): ProblemError | null {
    return this._aliasProblem;
  }

  /** Why a file was not saved, where that is not that it is not what was signed. */
  get saveProblem(): ProblemError | null {
    return this._saveProblem;
  }

  /** The file that the server is asked for. */
  get saving(): string | null {
    return this._saving;
  }

  /** Whether there was another artifact before this one. */
  get hasPast(): boolean {
    return this.past.length > 0;
  }

  /** Show another artifact in its place. */
  show(ref: string): void {
    if (ref !== this.ref) {
      this.past.push(this.ref);
      this.replace(ref);
    }
  }

  /** Show the artifact that was shown before. */
  back(): void {
    const ref = this.past.pop();
    if (ref !== undefined) {
      this.replace(ref);
    }
  }

  open(tab: Tab): void {
    this.tab_ = tab;
    this.loadTab();
    this._argsChanged.emit();
    this.stateChanged.emit();
  }

  explain(shown: boolean): void {
    this._explained = shown;
    this.stateChanged.emit();
  }

  /** Check the signature and every byte; whether all is what was signed. */
  async verify(): Promise<boolean> {
    const detail = this.subject.detail.value;
    if (!detail) {
      return false;
    }
    const { kind } = await this.checks.verify(detail);
    if (kind !== 'verified') {
      this.explain(true);
    }
    return kind === 'verified';
  }

  /** Let the browser save one file; where the server refuses to send it, the reason is shown instead. */
  async save(path: string): Promise<void> {
    const { subject } = this;
    const detail = subject.detail.value;
    if (!detail || this._saving !== null) {
      return;
    }
    const parts = ['files', ...path.split('/')];
    let problem: ProblemError | null = null;
    this._saving = path;
    this._saveProblem = null;
    this.stateChanged.emit();
    try {
      // A download that is refused would save the refusal in the file's place, or say nothing.
      await this.workbench.api.offered(detail.ref, ...parts);
      download(this.workbench.api.artifactUrl(detail.ref, ...parts), fileName(path));
    } catch (error) {
      problem = asProblem(error);
    }
    this._saving = null;
    if (problem?.status === NOT_AS_SIGNED) {
      this.checks.refuse(detail.digest, problem);
    }
    if (problem && subject === this.subject) {
      if (problem.status === NOT_AS_SIGNED) {
        this._explained = true;
      } else {
        this._saveProblem = problem;
      }
    }
    this.stateChanged.emit();
  }

  /** Let the browser save all of it as a .tar; where it is refused, the reason is shown instead. */
  async export(): Promise<void> {
    const detail = this.subject.detail.value;
    if (detail && (this.check.kind === 'verified' || (await this.verify()))) {
      const { api } = this.workbench;
      download(api.artifactUrl(detail.ref, 'export'), `${detail.name}-${detail.version}.tar`);
    }
  }

  /** Let an alias mean this version. */
  setAlias(alias: string): Promise<boolean> {
    return this.changeAliases(({ name, version }) =>
      this.workbench.api.setAlias(name, alias, version)
    );
  }

  removeAlias(alias: string): Promise<boolean> {
    return this.changeAliases(({ name }) => this.workbench.api.removeAlias(name, alias));
  }

  /** Set up a run of a template with this artifact. */
  take(step: IStep): void {
    const detail = this.subject.detail.value;
    if (detail) {
      const changes = { [step.parameter]: detail.ref };
      this.workbench.open('run', { template: step.template, changes });
    }
  }

  async refresh(): Promise<void> {
    await this.subject.detail.refresh();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.subject.dispose();
      Signal.clearData(this);
      super.dispose();
    }
  }

  private replace(ref: string): void {
    this.subject.dispose();
    this.subject = this.about(ref);
    this._explained = false;
    this._aliasProblem = this._saveProblem = null;
    this.loadTab();
    this._argsChanged.emit();
    this.stateChanged.emit();
  }

  private about(ref: string): Subject {
    const subject = new Subject(this.workbench, ref, this.steps_);
    subject.stateChanged.connect(() => {
      this.stateChanged.emit();
    }, this);
    subject.load(this.tab_);
    return subject;
  }

  private loadTab(): void {
    this.subject.load(this.tab_);
  }

  private async changeAliases(change: (of: ArtifactDetail) => Promise<unknown>): Promise<boolean> {
    const { detail } = this.subject;
    if (!detail.value) {
      return false;
    }
    try {
      await change(detail.value);
      this._aliasProblem = null;
    } catch (error) {
      this._aliasProblem = asProblem(error);
    }
    await detail.refresh();
    return this._aliasProblem === null;
  }

  private subject: Subject;
  private tab_: Tab;
  private readonly past: string[] = [];
  private _explained = false;
  private _aliasProblem: ProblemError | null = null;
  private _saveProblem: ProblemError | null = null;
  private _saving: string | null = null;
  private readonly _argsChanged = new Signal<this, void>(this);
}

/** A path's last part. */
export function fileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function download(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

/** What the server knows of one artifact, each part asked for when it is wanted first. */
class Subject extends VDomModel {
  constructor(
    private readonly workbench: IWorkbench,
    readonly ref: string,
    private readonly steps_: Steps
  ) {
    super();
    for (const part of this.parts) {
      part.stateChanged.connect(() => {
        this.stateChanged.emit();
      });
    }
    void this.begin();
  }

  readonly detail = new Resource(() => this.workbench.api.artifact(this.ref));
  readonly lineage = new Resource(() => this.workbench.api.lineage(this.ref));
  readonly attestation = new Resource(() => this.workbench.api.attestation(this.ref));

  steps: readonly IStep[] = [];

  /** Ask for what a page shows. */
  load(tab: Tab): void {
    if (tab === 'lineage' || tab === 'attestation') {
      if (this[tab].value === null) {
        void this[tab].refresh();
      }
    }
  }

  override dispose(): void {
    for (const part of this.parts) {
      part.dispose();
    }
    super.dispose();
  }

  private async begin(): Promise<void> {
    await this.detail.refresh();
    if (this.detail.value) {
      this.steps = await this.steps_.of(this.detail.value);
      this.stateChanged.emit();
    }
  }

  private get parts(): readonly Resource<unknown>[] {
    return [this.detail, this.lineage, this.attestation];
  }
}
