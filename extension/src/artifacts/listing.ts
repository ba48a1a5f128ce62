import { VDomModel } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Artifact, ArtifactKind, ArtifactList, asProblem, ProblemError } from '../api';
import { Loaded, Resource } from '../loaded';
import { Picked } from '../picked';
import type { IPanelArguments, IWorkbench } from '../tokens';

/** Names on a page. */
export const PAGE = 50;

export const MOST_COMPARED = 8;

/** Milliseconds after the last key until what was typed is searched for. */
const PAUSE = 200;

/** A line of the list: the newest version of a name, or below it an older one. */
export interface IRow {
  readonly artifact: Artifact;
  readonly older: boolean;
  /** Whether the older versions are shown below; `null` where there are none. */
  readonly expanded: boolean | null;
}

/** A page of artifacts, each name once, with the older versions of those that are unfolded. */
export class ListingModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    kind?: string
  ) {
    super();
    this._kind = (kind as ArtifactKind | undefined) ?? null;
    this.page.stateChanged.connect(() => {
      this.stateChanged.emit();
    });
    workbench.jobsChanged.connect(() => {
      this.page.renew();
    }, this);
    void this.refresh();
  }

  /** What was picked to be compared. */
  readonly picked = new Picked(MOST_COMPARED, () => {
    this.stateChanged.emit();
  });

  get args(): IPanelArguments['artifacts'] {
    return this._kind === null ? {} : { kind: this._kind };
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  get state(): Loaded<ArtifactList> {
    return this.page.state;
  }

  /** The kind that is shown; `null` for all. */
  get kind(): ArtifactKind | null {
    return this._kind;
  }

  /** What is searched for. */
  get search(): string {
    return this._search;
  }

  /** How many names come before this page. */
  get offset(): number {
    return this._offset;
  }

  /** Why the older versions of a name could not be shown. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Whether everything there is would be shown. */
  get unfiltered(): boolean {
    return this._kind === null && this._search === '';
  }

  get rows(): readonly IRow[] {
    return (this.page.value?.artifacts ?? []).flatMap(artifact => {
      const older = this.older.get(artifact.name);
      const expanded = artifact.version > 1 ? older !== undefined : null;
      return [
        { artifact, older: false, expanded },
        ...(older ?? []).map(version => ({ artifact: version, older: true, expanded: null }))
      ];
    });
  }

  /** Show one kind, or all. */
  select(kind: ArtifactKind | null): void {
    this._kind = kind;
    this._argsChanged.emit();
    this.turn(0);
  }

  /** Search for words, once they have been typed. */
  find(words: string): void {
    this._search = words;
    this.stateChanged.emit();
    void this.typed.invoke();
  }

  /** Show the page that begins after so many names. */
  turn(offset: number): void {
    this._offset = offset;
    this.older.clear();
    void this.refresh();
  }

  /** Show or hide the older versions of a name. */
  async toggle(newest: Artifact): Promise<void> {
    if (!this.older.delete(newest.name)) {
      try {
        const { artifacts } = await this.workbench.api.artifacts({
          name: newest.name,
          limit: 1000
        });
        this.older.set(
          newest.name,
          artifacts.filter(artifact => artifact.version < newest.version)
        );
        this._problem = null;
      } catch (error) {
        this._problem = asProblem(error);
      }
    }
    this.stateChanged.emit();
  }

  refresh(): Promise<void> {
    return this.page.refresh();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.typed.dispose();
      this.page.dispose();
      Signal.clearData(this);
      super.dispose();
    }
  }

  private readonly page = new Resource(() =>
    this.workbench.api.artifacts({
      kind: this._kind ?? undefined,
      search: this._search || undefined,
      latest: true,
      limit: PAGE,
      offset: this._offset
    })
  );
  private readonly typed = new Debouncer(() => {
    this.turn(0);
  }, PAUSE);
  private readonly older = new Map<string, readonly Artifact[]>();
  private readonly _argsChanged = new Signal<this, void>(this);
  private _kind: ArtifactKind | null;
  private _search = '';
  private _offset = 0;
  private _problem: ProblemError | null = null;
}
