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

/** The measures that have intervals, and with them what they cost; other numbers of the metadata are facts. */
const COSTS = ['bits_per_weight', 'peak_memory_bytes'];

/** Whether an artifact's signed metadata says measures with their intervals. */
export function isMeasured({ metadata }: Pick<Artifact, 'metadata'>): boolean {
  const { intervals } = metadata;
  return typeof intervals === 'object' && intervals !== null && Object.keys(intervals).length > 0;
}

/** What was measured of compared artifacts, the measures with intervals first. */
export function measureRows({ measures }: ArtifactComparison): readonly IMeasureRow[] {
  const rows = measures.map(({ intervals, name, values }) => ({
    name,
    cells: values.map((value, index) =>
      value === null ? null : { value, interval: intervals[index] ?? null }
    )
  }));
  const judged = rows.filter(({ cells }) => cells.some(cell => cell?.interval));
  return [
    ...judged,
    ...rows.filter(({ name }) => COSTS.includes(name) && !judged.some(row => row.name === name))
  ];
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
              label: artifact.ref,
              size,
              quality: { value, interval },
              speed: cell('decode_speed', index),
              origin
            }
          ];
    });
    if (points.length > 1) {
      return { measure, points: shortened(points) };
    }
  }
  return null;
}

/** Without what goes without saying: the name that they were made from, and the version of a name that stands here once. */
function shortened(points: readonly ITradeoff[]): readonly ITradeoff[] {
  const names = points.map(({ artifact }) => artifact.name);
  const origin = points.find(point => point.origin)?.artifact.name;
  return points.map(point => {
    const { name, ref } = point.artifact;
    const label = names.filter(other => other === name).length === 1 ? name : ref;
    const rest = origin !== undefined && name.startsWith(`${origin}-`);
    return { ...point, label: rest ? label.slice(origin.length + 1) : label };
  });
}
