import type { JobComparison } from '../api';
import { grouped, isHeldOut } from '../curves/groups';
import type { ICurve } from '../curves/plot';
import { Series } from '../curves/series';
import { SideBySide } from '../sidebyside';
import type { IWorkbench } from '../tokens';

/** One metric of all compared jobs. */
export interface IOverlay {
  readonly key: string;
  readonly title: string;
  readonly curves: readonly ICurve[];
}

/** Jobs side by side. */
export class ComparisonModel extends SideBySide<JobComparison> {
  constructor(
    workbench: IWorkbench,
    readonly ids: readonly string[]
  ) {
    super(
      workbench,
      () => workbench.api.compareJobs(ids),
      job => job === null || ids.includes(job)
    );
  }

  /** One plot for each metric, in which every job has its colour, whether it reported the metric or not. */
  get overlays(): readonly IOverlay[] {
    const { value } = this;
    if (value !== this.drawn) {
      this.drawn = value;
      this._overlays = value ? overlays(value, this.workbench) : [];
    }
    return this._overlays;
  }

  private drawn: JobComparison | null = null;
  private _overlays: readonly IOverlay[] = [];
}

function overlays(comparison: JobComparison, workbench: IWorkbench): IOverlay[] {
  const labels = labelled(comparison);
  return grouped(Object.keys(comparison.metrics), workbench.trans).flatMap(group =>
    group.metrics.map(metric => ({
      key: metric,
      title:
        group.metrics.length > 1 && isHeldOut(metric)
          ? workbench.trans.__('%1, held out', group.title)
          : group.title,
      curves: (comparison.metrics[metric] ?? []).map((points, index) => ({
        label: labels[index] ?? '',
        series: series(points),
        sparse: isHeldOut(metric)
      }))
    }))
  );
}

/** What tells the jobs apart: their names, or where those are the same, their ids. */
export function labelled({ jobs }: JobComparison): readonly string[] {
  const names = jobs.map(job => job.name);
  return new Set(names).size === names.length ? names : jobs.map(job => job.id);
}

function series(points: readonly (readonly [number, number | null])[]): Series {
  const made = new Series();
  for (const [step, value] of points) {
    made.push(step, value ?? NaN);
  }
  return made;
}
