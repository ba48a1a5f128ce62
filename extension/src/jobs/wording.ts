import type { TranslationBundle } from '@jupyterlab/translation';

import type { Job, ListedJob } from '../api';
import { stateMark } from '../components';
import { duration, measured } from '../format';
import { isActive } from './states';

/** A job in a few characters: `▸ sft 62 %`, `✗ sft`. */
export function runTitle(job: Job, fraction: number | null): string {
  const title = `${stateMark(job.state)} ${job.name}`;
  return fraction !== null && isActive(job.state) ? `${title} ${percent(fraction)}` : title;
}

/** A share as `62 %`; not 100 % before all is done. */
export function percent(fraction: number): string {
  return `${Math.floor(fraction * 100)} %`;
}

/** How far a listed job is; `null` where it does not say. */
export function fractionOf(job: ListedJob): number | null {
  const progress = job.progress;
  return progress?.total ? Math.min(1, progress.done / progress.total) : null;
}

/** Seconds that a listed job has left, as a clock; empty where that cannot be told. */
export function timeLeft(job: ListedJob): string {
  const seconds = job.progress?.seconds_left ?? null;
  return seconds === null ? '' : duration(seconds);
}

/** Metrics that say how well a run went, the most telling first. */
const TELLING = ['eval_loss', 'loss', 'accuracy'];

/** The latest value of the metric that says most, as `loss 1.42`; empty where there is none. */
export function keyMetric(job: ListedJob, trans: TranslationBundle): string {
  const latest = job.latest ?? {};
  const name = TELLING.find(telling => telling in latest) ?? Object.keys(latest)[0];
  const value = name === undefined ? undefined : latest[name];
  if (name === undefined || typeof value !== 'number') {
    return '';
  }
  const names: Record<string, string> = {
    eval_loss: trans.__('held-out loss'),
    loss: trans.__('loss')
  };
  return `${names[name] ?? name.replaceAll('_', ' ')} ${measured(value)}`;
}
