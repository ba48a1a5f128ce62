import type { JobEvent } from '../api';
import { Series } from './series';

/** All metrics of one job. An attempt that goes on from a checkpoint repeats steps: what it reports counts. */
export class Metrics {
  get series(): ReadonlyMap<string, Series> {
    return this._series;
  }

  /** What follows is reported by another attempt. */
  newAttempt(): void {
    this.older = new Set(this._series.keys());
  }

  /** Learn from a `metric` event; without a step, a value comes one step after the last. */
  take(event: JobEvent): void {
    const step = typeof event.step === 'number' ? event.step : null;
    for (const [name, value] of Object.entries(event.values ?? {})) {
      this.add(name, step, typeof value === 'number' ? value : NaN);
    }
  }

  private add(name: string, step: number | null, value: number): void {
    let series = this._series.get(name);
    if (!series) {
      series = new Series();
      this._series.set(name, series);
    }
    if (this.older.delete(name)) {
      series.cut(step ?? -Infinity);
    }
    series.push(step ?? (series.last ? series.last.step + 1 : 0), value);
  }

  private readonly _series = new Map<string, Series>();
  /** Metrics of which the present attempt has not reported anything yet. */
  private older = new Set<string>();
}
