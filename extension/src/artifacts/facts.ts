import type { TranslationBundle } from '@jupyterlab/translation';

import type { Artifact } from '../api';
import { bytes, count, duration, measured } from '../format';
import { isMeasured } from '../measures/columns';

/** One thing that an artifact's signed metadata says, as a person reads it. */
export interface IFact {
  readonly name: string;
  readonly value: string;
  /** The artifact that the value names, if it names one. */
  readonly ref?: string;
}

type Metadata = Artifact['metadata'];
type Say = (value: unknown, metadata: Metadata) => string;

const REFERENCES = ['base_model', 'adapter', 'dataset', 'model', 'reference', 'index'];

/**
 * The metadata as facts with units: first what we know the meaning of, in a sensible order, then the rest under the names
 * that the notebook gave. What is empty, and what only repeats the digest of a fact beside it, is left out.
 */
export function facts(metadata: Metadata, trans: TranslationBundle): readonly IFact[] {
  const known = meanings(trans);
  const order = Object.keys(known);
  const names = Object.keys(metadata).filter(
    name => said(metadata[name]) && !repeats(name, metadata)
  );
  const rank = (name: string): number => (name in known ? order.indexOf(name) : order.length);
  return names
    .sort((a, b) => rank(a) - rank(b) || a.localeCompare(b))
    .map(name => {
      const value = metadata[name];
      const [title, say] = known[name] ?? [name.replaceAll('_', ' '), plain];
      const fact = { name: title, value: say(value, metadata) };
      return REFERENCES.includes(name) && typeof value === 'string' && /.@\d+$/.test(value)
        ? { ...fact, ref: value }
        : fact;
    });
}

/** Numbers with a fraction are signed as text. */
function number(value: unknown): number {
  return typeof value === 'number' ? value : typeof value === 'string' ? Number(value) : NaN;
}

function said(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '';
}

/**
 * Whether it is said elsewhere: the digest of a named artifact, the loss that stands in `before → after`, and measures
 * with their intervals, which have a table of their own.
 */
function repeats(name: string, metadata: Metadata): boolean {
  const [, other] = /^(.+)_digest$/.exec(name) ?? [];
  return (
    (other !== undefined && other.replace(/^base$/, 'base_model') in metadata) ||
    (name === 'loss_after' && said(metadata.loss_before)) ||
    (isMeasured({ metadata }) &&
      (name === 'intervals' || name in (metadata.intervals as object))) ||
    name === 'source_sha256'
  );
}

const plain: Say = value =>
  typeof value === 'string'
    ? value
    : typeof value === 'number'
      ? measured(value)
      : typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value)
            .filter(([, item]) => said(item))
            .map(([name, item]) => `${name.replaceAll('_', ' ')} ${plain(item, {})}`)
            .join(' · ')
        : JSON.stringify(value);

/** The names that our templates and imports give, with what each means and how it is said. */
function meanings(trans: TranslationBundle): Record<string, [title: string, say: Say]> {
  const whole: Say = value =>
    Number.isFinite(number(value)) ? count(number(value)) : plain(value, {});
  const size: Say = value =>
    Number.isFinite(number(value)) ? bytes(number(value)) : plain(value, {});
  const loss = (value: unknown): string => trans.__('%1 nats a token', measured(number(value)));
  return {
    method: [trans.__('Method'), plain],
    base_model: [trans.__('Base model'), plain],
    adapter: [trans.__('Adapter'), plain],
    dataset: [trans.__('Dataset'), plain],
    rank: [trans.__('Rank'), plain],
    loss_before: [
      trans.__('Held-out loss'),
      (before, { loss_after: after }) =>
        said(after) ? `${measured(number(before))} → ${loss(after)}` : loss(before)
    ],
    loss_after: [trans.__('Held-out loss'), loss],
    steps: [trans.__('Steps'), whole],
    seconds: [trans.__('Training time'), value => duration(number(value))],
    tokens_per_second: [
      trans.__('Speed'),
      value => trans.__('%1 tokens/s', measured(number(value)))
    ],
    peak_memory_bytes: [trans.__('Most memory used'), size],
    architecture: [trans.__('Architecture'), plain],
    parameter_count: [
      trans.__('Parameters'),
      value => trans.__('%1 (%2)', short(number(value)), whole(value, {}))
    ],
    dtype: [trans.__('Stored as'), plain],
    quantization: [trans.__('Quantization'), plain],
    bits_per_weight: [trans.__('Bits a weight'), value => measured(number(value))],
    fallbacks: [trans.__('Tensors in another type'), whole],
    gate: [trans.__('Gate'), value => gate(value, trans)],
    dequantized_from: [trans.__('Dequantized from'), plain],
    context_length: [trans.__('Context length'), value => trans.__('%1 tokens', whole(value, {}))],
    vocabulary_size: [trans.__('Vocabulary'), value => trans.__('%1 tokens', whole(value, {}))],
    chat_template: [
      trans.__('Chat template'),
      value => (value === false ? trans.__('none') : trans.__('yes'))
    ],
    embedding: [trans.__('Vectors'), plain],
    licence: [trans.__('Licence'), plain],
    rows: [trans.__('Rows'), whole],
    splits: [trans.__('Splits'), plain],
    format: [trans.__('Format'), plain],
    lengths: [trans.__('Length of a row'), value => lengths(value, trans)],
    skipped_rows: [trans.__('Bad rows left out'), whole],
    duplicates: [trans.__('Duplicate rows'), whole],
    leaked: [trans.__('Rows in both splits'), whole],
    tokenizer: [trans.__('Counted with'), plain],
    probe: [trans.__('Reads plain text with'), value => probe(value, loss)],
    largest_logit_difference: [
      trans.__('Largest difference of logits'),
      value => measured(number(value))
    ],
    source: [trans.__('Source'), plain],
    revision: [trans.__('Revision'), plain],
    converter: [trans.__('Converted by'), plain]
  };
}

/** A large number with one unit letter: `134.5 M`. */
function short(value: number): string {
  const units = ['', 'k', 'M', 'B', 'T'];
  const power = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return `${Number((value / 1000 ** power).toPrecision(4))} ${units[power] ?? ''}`.trim();
}

function lengths(value: unknown, trans: TranslationBundle): string {
  if (typeof value !== 'object' || value === null) {
    return plain(value, {});
  }
  const { max, p50, p95, unit } = value as Record<string, unknown>;
  return unit === 'tokens'
    ? trans.__(
        'half within %1, 95 % within %2, all within %3 tokens',
        ...[p50, p95, max].map(Number)
      )
    : trans.__(
        'half within %1, 95 % within %2, all within %3 words',
        ...[p50, p95, max].map(Number)
      );
}

/** Why it was rejected stands above the facts. */
function gate(value: unknown, trans: TranslationBundle): string {
  const { verdict } = (value ?? {}) as { verdict?: unknown };
  return verdict === 'passed'
    ? trans.__('passed')
    : verdict === 'rejected'
      ? trans.__('rejected')
      : plain(value, {});
}

function probe(value: unknown, loss: (value: unknown) => string): string {
  return typeof value === 'object' && value !== null && 'loss' in value
    ? loss(value.loss)
    : plain(value, {});
}
