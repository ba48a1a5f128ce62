import type { TranslationBundle } from '@jupyterlab/translation';

import { bytes, measured } from '../format';

/** A measure that has a name in the field. */
export interface IKnown {
  readonly title: string;
  /** Which of two values is the better one; where neither is, it is not judged. */
  readonly better: 'lower' | 'higher' | null;
  readonly say: (value: number) => string;
}

/** What the value of another model on the same rows is called. */
const REFERENCE = 'reference_';

/** A metric of a task of lm-evaluation-harness; a filter may follow. */
const TASK = /^lm-eval\/(.+)\/([^/,]+)/;

/** A metric of a ranking, of its first places; by the names that the field gives them. */
const RANKING = /^(ndcg|recall|mrr|precision)@(\d+)$/;
const RANKINGS: Record<string, string> = {
  ndcg: 'nDCG',
  recall: 'Recall',
  mrr: 'MRR',
  precision: 'Precision'
};

/** What a measure is called, how its value is said, and which way is better. */
export function known(name: string, trans: TranslationBundle): IKnown {
  if (name.startsWith(REFERENCE)) {
    const own = known(name.slice(REFERENCE.length), trans);
    return { ...own, title: trans.__('%1 of the reference', own.title), better: null };
  }
  const [, task, metric] = TASK.exec(name) ?? [];
  if (task !== undefined && metric !== undefined) {
    const own = known(metric, trans);
    return { ...own, title: trans.__('%1 in %2', own.title, task) };
  }
  const [, ranking, most] = RANKING.exec(name) ?? [];
  if (ranking !== undefined && most !== undefined) {
    const title = `${RANKINGS[ranking] ?? ranking}@${most}`;
    return { title, better: 'higher', say: measured };
  }
  return names(trans)[name] ?? { title: name.replaceAll('_', ' '), better: null, say: measured };
}

function names(trans: TranslationBundle): Record<string, IKnown | undefined> {
  const share = (value: number): string => `${measured(value * 100)} %`;
  const each = (unit: string) => (value: number) => `${measured(value)} ${unit}`;
  const lower = (title: string, say = measured): IKnown => ({ title, better: 'lower', say });
  const higher = (title: string, say = share): IKnown => ({ title, better: 'higher', say });
  return {
    loss: lower(trans.__('Loss'), each(trans.__('nats/token'))),
    perplexity: lower(trans.__('Perplexity')),
    bits_per_byte: lower(trans.__('Bits per byte')),
    perplexity_ratio: lower(trans.__('Perplexity, times the reference’s')),
    kl_divergence: lower(trans.__('KL divergence'), each(trans.__('nats/token'))),
    top1_agreement: higher(trans.__('Top-1 agreement')),
    exact_match: higher(trans.__('Exact match')),
    f1: higher(trans.__('F1')),
    acc: higher(trans.__('Accuracy')),
    acc_norm: higher(trans.__('Accuracy by bytes')),
    choice_accuracy: higher(trans.__('Choices, accuracy')),
    choice_accuracy_per_byte: higher(trans.__('Choices, accuracy by bytes')),
    prefill_speed: higher(trans.__('Reading'), each(trans.__('tokens/s'))),
    decode_speed: higher(trans.__('Writing'), each(trans.__('tokens/s'))),
    bits_per_weight: lower(trans.__('Bits a weight')),
    size_bytes: lower(trans.__('Size'), bytes),
    peak_memory_bytes: lower(trans.__('Most memory used'), bytes)
  };
}
