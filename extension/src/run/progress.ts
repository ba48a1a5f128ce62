import type { JobEvent } from '../api';

/** Events over which the pace is measured: a change of pace shows soon, and one slow step does not. */
const WINDOW = 20;

/** How far the running cell is, as a notebook reports it, and when it will be done at the pace of the last steps. */
export class Progress {
  phase = '';
  done = 0;
  total: number | null = null;
  unit = '';

  get fraction(): number | null {
    return this.total !== null && this.total > 0 ? Math.min(1, this.done / this.total) : null;
  }

  /** Whether anything has been reported. */
  get known(): boolean {
    return this.reports.length > 0;
  }

  /**
   * Seconds left; `null` while that cannot be told.
   *
   * @param now - Milliseconds since the epoch, by this browser's clock.
   */
  secondsLeft(now = Date.now()): number | null {
    const [first, last] = [this.reports[0], this.reports.at(-1)];
    if (!first || !last || this.total === null || last.done <= first.done) {
      return null;
    }
    const pace = (last.time - first.time) / (last.done - first.done);
    const passed = Math.max(0, now / 1000 - this.delay - last.time);
    return Math.max(0, (this.total - this.done) * pace - passed);
  }

  /** Learn from a `progress` event, which came just now. */
  take(event: JobEvent, now = Date.now()): void {
    const { done, phase, total, unit } = event;
    const [begun, of] = [text(phase), text(unit)];
    const report = { time: event.time, done: number(done) ?? 0 };
    if (begun !== this.phase || of !== this.unit || report.done < this.done) {
      this.reports = [];
    }
    this.reports = [...this.reports.slice(1 - WINDOW), report];
    this.phase = begun;
    this.unit = of;
    this.done = report.done;
    this.total = number(total);
    // The kernel's clock may be another one: what comes first is taken to have come at once.
    this.delay = Math.min(this.delay, now / 1000 - event.time);
  }

  /** Another cell runs: what was reported is over. */
  clear(): void {
    this.reports = [];
    this.phase = this.unit = '';
    this.done = 0;
    this.total = null;
  }

  private reports: readonly { time: number; done: number }[] = [];
  private delay = Infinity;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
