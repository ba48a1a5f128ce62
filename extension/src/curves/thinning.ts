import { firstAtLeast, Series } from './series';

/** Points as a plot takes them: `null` is a gap. */
export type Points = readonly [steps: number[], values: (number | null)[]];

/**
 * The points of a series within a range of steps, and one beyond it on either side, thinned to at most `most`.
 *
 * The first and the last stay. What lies between is divided into runs of equally many points, and of each run its
 * lowest and its highest stay, so that no spike disappears.
 */
export function thinned(
  series: Series,
  most: number,
  [from, to]: readonly [number, number] = [-Infinity, Infinity]
): Points {
  const { steps, values } = series;
  const begin = Math.max(0, firstAtLeast(steps, from) - 1);
  const end = Math.min(series.length, firstAtLeast(steps, to) + 2);
  const x: number[] = [];
  const y: (number | null)[] = [];
  const keep = (at: number): void => {
    const value = values[at] ?? NaN;
    x.push(steps[at] ?? NaN);
    y.push(Number.isFinite(value) ? value : null);
  };
  const between = end - begin - 2;
  const runs = Math.max(1, Math.floor((most - 2) / 2));
  if (between <= runs * 2) {
    for (let at = begin; at < end; at++) {
      keep(at);
    }
    return [x, y];
  }
  keep(begin);
  for (let run = 0; run < runs; run++) {
    const first = begin + 1 + Math.floor((run * between) / runs);
    const next = begin + 1 + Math.floor(((run + 1) * between) / runs);
    for (const at of extremes(values, first, next)) {
      keep(at);
    }
  }
  keep(end - 1);
  return [x, y];
}

/** Where the lowest and the highest value between two indices are, in order; a value that is not finite is kept first. */
function extremes(values: Float64Array, first: number, next: number): number[] {
  let [low, high] = [first, first];
  for (let at = first; at < next; at++) {
    const value = values[at] ?? NaN;
    if (!Number.isFinite(value)) {
      return at === first ? [at] : [first, at];
    }
    if (value < (values[low] ?? NaN)) {
      low = at;
    }
    if (value > (values[high] ?? NaN)) {
      high = at;
    }
  }
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)];
}
