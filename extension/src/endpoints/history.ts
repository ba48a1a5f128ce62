import type { Endpoint } from '../api';
import { Series } from '../curves/series';

/** What has passed through an endpoint while somebody looked at it. */
export class History {
  readonly tokens = new Series();
  readonly running = new Series();
  readonly waiting = new Series();

  /** Changes whenever there are new points. */
  get revision(): number {
    return this.tokens.length;
  }

  /** Seconds since the first look. */
  take({ traffic }: Endpoint, now = Date.now()): void {
    this.begun ??= now;
    const seconds = Math.round((now - this.begun) / 100) / 10;
    if (seconds > (this.tokens.last?.step ?? -1)) {
      this.tokens.push(seconds, traffic.tokens_per_second);
      this.running.push(seconds, traffic.running);
      this.waiting.push(seconds, traffic.waiting);
    }
  }

  private begun: number | null = null;
}
