import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { Actions } from '../actions';
import { asProblem, Job, JobDetail, JobEvent, ProblemError, Proposal, Values } from '../api';
import { grouped, metricLabel, isHeldOut } from '../curves/groups';
import type { ICurve } from '../curves/plot';
import { isActive } from '../jobs/states';
import { runTitle } from '../jobs/wording';
import type { IWorkbench } from '../tokens';
import { Frames } from './frames';
import { ICell, Journal } from './journal';
import { LogTail } from './log';
import { Made } from './made';

/** Curves that are drawn in one plot; the array stays the same until another curve comes. */
export interface IChart {
  readonly key: string;
  readonly title: string;
  readonly curves: readonly ICurve[];
}

/** More plots than that are not drawn: their values are in the table. */
const MOST_CHARTS = 24;

/** A job as it runs or ran: what it is, and what is heard of it, taken in once per frame. */
export class RunModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    readonly id: string
  ) {
    super();
    void this.listen();
  }

  readonly journal = new Journal();
  readonly log = new LogTail();
  readonly actions = new Actions(() => {
    this.frames.request();
  });

  get title(): string {
    return this._job ? runTitle(this._job, this.fraction) : this.id;
  }

  get job(): JobDetail | null {
    return this._job;
  }

  /** Why the job cannot be shown. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Since when the server has not been heard; `null` while it is. */
  get lostAt(): Date | null {
    return this._lostAt;
  }

  /** Changes whenever there are new points. */
  get revision(): number {
    return this._revision;
  }

  /** All cells that run, in order. */
  get cells(): readonly ICell[] {
    const known = new Map(this.journal.cells.map(cell => [cell.number, cell]));
    return waiting(this.journal.total).map(cell => known.get(cell.number) ?? cell);
  }

  /** The cell that runs, or ran last. */
  get cell(): ICell | null {
    return this.journal.cells.at(-1) ?? null;
  }

  /** How much is done of what the running cell counts; `null` where it counts nothing. */
  get fraction(): number | null {
    if (!this._job || !isActive(this._job.state) || this._job.state === 'queued') {
      return null;
    }
    return this.journal.progress.fraction;
  }

  /** What is drawn, in the order in which it is shown: what has a course, and with it what measures the same. */
  get charts(): readonly IChart[] {
    const { series } = this.journal.metrics;
    const courses = new Set(
      [...series].filter(([, { length }]) => length > 1).map(([name]) => name)
    );
    // Each of them can draw others into its plot.
    const charted = `${courses.size} ${series.size}`;
    if (charted !== this.charted) {
      this.charted = charted;
      this._charts = grouped(series.keys(), this.workbench.trans)
        .filter(({ metrics }) => metrics.some(name => courses.has(name)))
        .slice(0, MOST_CHARTS)
        .map(group => this.chart(group.key, group.title, group.metrics));
    }
    return this._charts;
  }

  /** What it made; empty until it has succeeded. */
  get made(): readonly Made[] {
    return this._made;
  }

  /** Emitted when the same is to be run again, with changes to its parameters. */
  get again(): ISignal<this, Values> {
    return this._again;
  }

  /** Emitted when the job has been repeated as another one. */
  get repeated(): ISignal<this, Job> {
    return this._repeated;
  }

  /** Open the form of this run again. */
  runAgain(changes: Values = {}): void {
    this._again.emit(changes);
  }

  /** Do what the server proposes: through the form where parameters change, or else at once. */
  follow({ parameters, options }: Proposal): void {
    if (Object.keys(parameters).length > 0) {
      this.runAgain(parameters as Values);
    } else {
      void this.repeat(options as Values);
    }
  }

  async cancel(): Promise<void> {
    await this.actions.perform(() => this.workbench.api.cancelJob(this.id));
  }

  /** Repeat the job at once, as it is or with other limits. */
  async repeat(options: Values = {}): Promise<void> {
    await this.actions.perform(async () => {
      this._repeated.emit(await this.workbench.api.retryJob(this.id, {}, options));
    });
  }

  /** Hear nothing for a while, as when nobody looks: a browser has few connections. `resume` goes on from here. */
  rest(): void {
    this.listening.abort();
  }

  /** Go on after `rest`. */
  resume(): void {
    if (this.listening.signal.aborted && !this.isDisposed && !this.over) {
      this.listening = new AbortController();
      void this.listen();
    }
  }

  override dispose(): void {
    this.listening.abort();
    this.frames.stop();
    this._made.forEach(made => {
      made.dispose();
    });
    super.dispose();
  }

  private async listen(): Promise<void> {
    const { signal } = this.listening;
    try {
      await this.workbench.api.followJob(
        this.id,
        {
          job: job => {
            this.newest = job;
            this.frames.request();
          },
          events: events => {
            this.pending.push(...events);
            this.frames.request();
          },
          log: text => {
            this.printed.push(text);
            this.frames.request();
          },
          reached: position => {
            this.position = position;
          },
          connected: connected => {
            this._lostAt = connected ? null : (this._lostAt ?? new Date());
            this.frames.request();
          }
        },
        signal,
        this.position
      );
      this.over = !signal.aborted;
    } catch (error) {
      if (!signal.aborted) {
        this._problem = asProblem(error);
        this.frames.request();
      }
    }
  }

  /** Take in all that has come since the last frame. */
  private take(): void {
    const events = this.pending.splice(0);
    this.journal.take(events);
    if (events.some(event => event.type === 'metric')) {
      this._revision += 1;
    }
    if (this.printed.length > 0) {
      this.log.append(this.printed.splice(0).join(''));
    }
    if (this.newest) {
      this._job = this.newest;
      this.newest = null;
      this.load(this._job);
    }
    this.stateChanged.emit();
  }

  /** Ask for what a job that has succeeded made. */
  private load(job: JobDetail): void {
    if (job.state === 'succeeded' && this._made.length === 0) {
      this._made = job.artifacts.map(ref => new Made(this.workbench, ref));
      this._made.forEach(made =>
        made.stateChanged.connect(() => {
          this.stateChanged.emit();
        })
      );
    }
  }

  private chart(key: string, title: string, metrics: readonly string[]): IChart {
    const { trans } = this.workbench;
    const curves = metrics.flatMap(metric => {
      const series = this.journal.metrics.series.get(metric);
      return series
        ? [{ label: metricLabel(metric, trans), series, sparse: isHeldOut(metric) }]
        : [];
    });
    const there = this._charts.find(chart => chart.key === key);
    return there?.curves.length === curves.length ? there : { key, title, curves };
  }

  private readonly frames = new Frames(() => {
    this.take();
  });
  private readonly pending: JobEvent[] = [];
  private readonly printed: string[] = [];
  private newest: JobDetail | null = null;
  private position = '';
  private over = false;
  private listening = new AbortController();

  private charted = '';
  private _charts: readonly IChart[] = [];
  private _job: JobDetail | null = null;
  private _made: readonly Made[] = [];
  private _problem: ProblemError | null = null;
  private _lostAt: Date | null = null;
  private _revision = 0;
  private readonly _again = new Signal<this, Values>(this);
  private readonly _repeated = new Signal<this, Job>(this);
}

function waiting(total: number): ICell[] {
  return Array.from({ length: total }, (_, index) => ({
    number: index + 1,
    firstLine: '',
    state: 'waiting',
    seconds: null
  }));
}
