import type { Artifact, ArtifactComparison } from '../api';

/** A number with the interval that it lies in with a confidence of 95 %, where one is known. */
export interface IMeasured {
  readonly value: number;
  readonly interval: readonly [low: number, high: number] | null;
}

/** One measure of all compared artifacts; `null` where it was not taken. */
export interface IMeasureRow {
  readonly name: string;
  readonly cells: readonly (IMeasured | null)[];
}

/** Whether an artifact's signed metadata says measures with their intervals. */
export function isMeasured({ metadata }: Pick<Artifact, 'metadata'>): boolean {
  const { intervals } = metadata;
  return typeof intervals === 'object' && intervals !== null && Object.keys(intervals).length > 0;
}

/** In the order in which they are shown; what is not named comes after it, and last what they cost. */
const ORDER = [
  'perplexity_ratio',
  'top1_agreement',
  'kl_divergence',
  'perplexity',
  'bits_per_byte',
  'loss',
  'exact_match',
  'f1',
  'choice_accuracy',
  'choice_accuracy_per_byte'
];
const COSTS = ['decode_speed', 'prefill_speed', 'bits_per_weight', 'peak_memory_bytes'];

/** What begins the names of measures of the model that another one was compared with. */
const REFERENCE = 'reference_';

/**
 * What was measured of compared artifacts with its intervals, and what they cost; other numbers of the metadata are facts.
 * What was measured of the model that the others were made from stands in its own column.
 */
export function measureRows(comparison: ArtifactComparison): readonly IMeasureRow[] {
  const rows = comparison.measures.map(({ intervals, name, values }): IMeasureRow => ({
    name,
    cells: values.map((value, index) =>
      value === null ? null : { value, interval: intervals[index] ?? null }
    )
  }));
  const origin = originOf(comparison);
  return (origin < 0 ? rows : withOrigin(rows, origin))
    .filter(({ cells, name }) => COSTS.includes(name) || cells.some(cell => cell?.interval))
    .sort((a, b) => rank(a.name) - rank(b.name));
}

function rank(name: string): number {
  const place = ORDER.indexOf(name);
  const cost = COSTS.indexOf(name);
  return place >= 0
    ? place
    : cost >= 0
      ? ORDER.length + 2 + cost
      : ORDER.length + Number(name.startsWith(REFERENCE));
}

/** Where the artifact stands that others were made from; -1 where none is. */
function originOf(comparison: ArtifactComparison): number {
  const origins = factOf(comparison, 'base_model');
  return comparison.artifacts.findIndex(({ ref }) => origins.includes(ref));
}

/** With what the others say of their reference in its own column, where they say the same. */
function withOrigin(rows: readonly IMeasureRow[], origin: number): readonly IMeasureRow[] {
  const said = new Map<string, IMeasured>();
  const kept = rows.filter(({ cells, name }) => {
    const own = name.startsWith(REFERENCE) ? name.slice(REFERENCE.length) : null;
    const [first, ...others] = cells.filter(cell => cell !== null);
    if (
      own === null ||
      first === undefined ||
      others.some(({ value }) => value !== first.value) ||
      !rows.some(row => row.name === own)
    ) {
      return true;
    }
    said.set(own, first);
    return false;
  });
  return kept.map(({ cells, name }) => ({
    name,
    cells: cells.map((cell, index) => (index === origin ? (cell ?? said.get(name) ?? null) : cell))
  }));
}

/** The value of a fact for each artifact, as text. */
export function factOf({ facts }: ArtifactComparison, name: string): readonly (string | null)[] {
  const values = facts.find(fact => fact.name === name)?.values ?? [];
  return values.map(value => (typeof value === 'string' ? value : null));
}

/**
 * Which value is better than all others beyond doubt: its interval lies apart from each of theirs. `null` where none is,
 * or where it is not known which way is better.
 */
export function best({ cells }: IMeasureRow, better: 'lower' | 'higher' | null): number | null {
  const there = cells.filter(cell => cell !== null);
  if (better === null || there.length < 2) {
    return null;
  }
  const ends = (cell: IMeasured): readonly [number, number] => {
    const [low, high] = cell.interval ?? [cell.value, cell.value];
    return better === 'lower' ? [low, high] : [-high, -low];
  };
  const index = cells.findIndex(
    cell => cell !== null && there.every(other => other === cell || ends(cell)[1] < ends(other)[0])
  );
  return index < 0 ? null : index;
}

/** A model between its size and its quality. */
export interface ITradeoff {
  readonly artifact: Artifact;
  readonly label: string;
  readonly size: number;
  readonly quality: IMeasured;
  /** Tokens a second that it writes, where that was measured. */
  readonly speed: number | null;
  /** Whether the others were made from it. */
  readonly origin: boolean;
}

export interface ITradeoffs {
  readonly measure: 'perplexity_ratio' | 'perplexity';
  readonly points: readonly ITradeoff[];
}

/** Compared models by size and quality; `null` unless there are two or more of which both are known. */
export function tradeoffs(comparison: ArtifactComparison): ITradeoffs | null {
  const rows = new Map(comparison.measures.map(row => [row.name, row]));
  const origins = factOf(comparison, 'base_model');
  const labels = labelsOf(comparison);
  const cell = (name: string, index: number): number | null =>
    rows.get(name)?.values[index] ?? null;
  for (const measure of ['perplexity_ratio', 'perplexity'] as const) {
    const points = comparison.artifacts.flatMap((artifact, index): ITradeoff[] => {
      // Beside what was made from it, a model has its own perplexity once.
      const origin = measure === 'perplexity_ratio' && origins.includes(artifact.ref);
      const value = origin ? 1 : cell(measure, index);
      const size = artifact.kind === 'model' ? artifact.size : cell('size_bytes', index);
      const interval = origin ? null : (rows.get(measure)?.intervals[index] ?? null);
      return value === null || size === null
        ? []
        : [
            {
              artifact,
              label: labels[index] ?? artifact.ref,
              size,
              quality: { value, interval },
              speed: cell('decode_speed', index),
              origin
            }
          ];
    });
    if (points.length > 1) {
      return { measure, points };
    }
  }
  return null;
}

/**
 * What tells the artifacts apart, without what goes without saying: the name that they were made from, and the version of
 * a name that stands there once.
 */
export function labelsOf(comparison: ArtifactComparison): readonly string[] {
  const names = comparison.artifacts.map(({ name }) => name);
  const origin = names[originOf(comparison)];
  return comparison.artifacts.map(({ name, ref }) => {
    const label = names.filter(other => other === name).length === 1 ? name : ref;
    const rest = origin !== undefined && name.startsWith(`${origin}-`);
    return rest ? label.slice(origin.length + 1) : label;
  });
}
