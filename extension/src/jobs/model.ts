import { VDomModel } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Actions } from '../actions';
import { JobList, JobState, ListedJob } from '../api';
import { Loaded, Resource } from '../loaded';
import { Picked } from '../picked';
import type { IPanelArguments, IWorkbench } from '../tokens';
import type { JobsFeed } from './feed';

export type SortKey = 'submitted' | 'name' | 'state' | 'template' | 'duration';

/** Which jobs are shown, and how. */
export interface IJobsQuery {
  readonly search: string;
  /** `null` for all. */
  readonly states: readonly JobState[] | null;
  readonly template: string;
  readonly sort: SortKey;
  readonly descending: boolean;
  readonly offset: number;
}

export const PAGE = 50;
export const MOST_COMPARED = 8;

/** Milliseconds after the last key before the server is asked. */
const TYPING = 200;

/** A page of the jobs that somebody looks for, and those that were picked to be compared. */
export class JobsModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    readonly feed: JobsFeed,
    args: IPanelArguments['jobs'] = {}
  ) {
    super();
    this._query = { ...this._query, search: args.search ?? '' };
    this.page = new Resource(() => this.ask());
    this.page.stateChanged.connect(this.changed);
    this.templates = new Resource(async () =>
      (await workbench.api.templates()).map(template => template.name)
    );
    this.templates.stateChanged.connect(this.changed);
    feed.stateChanged.connect(this.changed);
    workbench.jobsChanged.connect(this.renew);
    void this.page.refresh();
    void this.templates.refresh();
  }

  /** What was picked to be compared. */
  readonly picked = new Picked(MOST_COMPARED, () => {
    this.changed();
  });
  readonly page: Resource<JobList>;
  readonly templates: Resource<readonly string[]>;
  readonly actions = new Actions(() => {
    this.changed();
  });

  get query(): IJobsQuery {
    return this._query;
  }

  /** Emitted when something else is looked for. */
  get queryChanged(): ISignal<this, void> {
    return this._queryChanged;
  }

  get state(): Loaded<JobList> {
    return this.page.state;
  }

  /** The jobs of the page; those at work as they were heard of last. */
  get jobs(): readonly ListedJob[] {
    const newer = new Map(this.feed.active.map(job => [job.id, job]));
    return (this.page.value?.jobs ?? []).map(job => {
      const known = newer.get(job.id);
      return known?.state === job.state ? known : job;
    });
  }

  /** Whether every job is looked for, so that an empty page means that there is none. */
  get unfiltered(): boolean {
    const { search, states, template } = this._query;
    return search === '' && states === null && template === '';
  }

  /** Look for something else, from the first page on unless `offset` is given. */
  look(changes: Partial<IJobsQuery>): void {
    this._query = { ...this._query, offset: 0, ...changes };
    this._queryChanged.emit();
    this.changed();
    if ('search' in changes) {
      void this.typed.invoke();
    } else {
      void this.page.refresh();
    }
  }

  /** Sort by a column, or the other way round if it is sorted by it. */
  sortBy(sort: SortKey): void {
    const again = this._query.sort === sort;
    this.look({ sort, descending: again ? !this._query.descending : sort === 'submitted' });
  }

  async cancel(id: string): Promise<void> {
    await this.actions.perform(async () => {
      await this.workbench.api.cancelJob(id);
      await this.page.refresh();
    });
  }

  override dispose(): void {
    this.workbench.jobsChanged.disconnect(this.renew);
    this.feed.stateChanged.disconnect(this.changed);
    this.typed.dispose();
    this.page.dispose();
    this.templates.dispose();
    super.dispose();
  }

  private ask(): Promise<JobList> {
    const { descending, offset, search, sort, states, template } = this._query;
    return this.workbench.api.jobs({
      search: search || undefined,
      state: states ?? undefined,
      template: template || undefined,
      sort: `${descending ? '-' : ''}${sort}`,
      limit: PAGE,
      offset
    });
  }

  private readonly renew = (): void => {
    this.page.renew();
  };

  private readonly changed = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };

  private _query: IJobsQuery = {
    search: '',
    states: null,
    template: '',
    sort: 'submitted',
    descending: true,
    offset: 0
  };
  private readonly _queryChanged = new Signal<this, void>(this);
  private readonly typed = new Debouncer(() => this.page.refresh(), TYPING);
}
