import type { TranslationBundle } from '@jupyterlab/translation';

/** Metrics that share a plot, because they measure the same. */
export interface IGroup {
  readonly key: string;
  readonly title: string;
  readonly metrics: readonly string[];
}

const HELD_OUT = /^(eval|val|valid|validation|test|held_out)[_/]/;
const TRAINED_ON = /^train[_/]/;

/** What comes first in the panel; what is not named comes in between. */
const FIRST = ['loss'];
const LAST = ['learning_rate', 'tokens_per_second', 'memory_gb', 'grad_norm'];

/** Whether a metric is measured now and then on what is not trained on: it is drawn as points. */
export function isHeldOut(metric: string): boolean {
  return HELD_OUT.test(metric);
}

/** Put metrics into groups that measure the same: `loss`, `train_loss` and `eval_loss` into one. */
export function grouped(metrics: Iterable<string>, trans: TranslationBundle): readonly IGroup[] {
  const groups = new Map<string, string[]>();
  for (const metric of metrics) {
    const key = metric
      .replace(HELD_OUT, '')
      .replace(TRAINED_ON, '')
      .replace(/^answer_loss$/, 'loss');
    groups.set(key, [...(groups.get(key) ?? []), metric]);
  }
  return [...groups]
    .map(([key, names]) => ({ key, title: title(key, trans), metrics: names.sort(trainedFirst) }))
    .sort((a, b) => rank(a.key) - rank(b.key));
}

/** What a metric is called within its group. */
export function metricLabel(metric: string, trans: TranslationBundle): string {
  return isHeldOut(metric) ? trans.__('held out') : trans.__('training');
}

function title(key: string, trans: TranslationBundle): string {
  const titles: Record<string, string> = {
    loss: trans.__('Loss'),
    learning_rate: trans.__('Learning rate'),
    tokens_per_second: trans.__('Tokens per second'),
    memory_gb: trans.__('Memory (GB)'),
    grad_norm: trans.__('Gradient norm')
  };
  return titles[key] ?? key.replaceAll('_', ' ');
}

function rank(key: string): number {
  const last = LAST.indexOf(key);
  return FIRST.includes(key) ? -1 : last + 1;
}

function trainedFirst(a: string, b: string): number {
  return Number(isHeldOut(a)) - Number(isHeldOut(b)) || a.localeCompare(b);
}
