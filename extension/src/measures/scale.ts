/** A linear scale from values to pixels. */
export interface IScale {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** Over all values and a little beyond, but not below 0, from pixel `start` to `end`, with about `count` round ticks. */
export function scale(values: readonly number[], start: number, end: number, count = 5): IScale {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = (most - least || Math.abs(most) || 1) * 0.08;
  const [low, high] = [least >= 0 ? Math.max(0, least - margin) : least - margin, most + margin];
  const at = (value: number): number => start + ((value - low) / (high - low)) * (end - start);
  const step = round((high - low) / count);
  const first = Math.ceil(low / step);
  const ticks = Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) =>
    // Multiplied, not added up: 0.1 + 0.2 is not 0.3.
    Number(((first + index) * step).toPrecision(12))
  );
  return { at, ticks };
}

/** The next of 1, 2 and 5 times a power of ten. */
function round(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  return ([1, 2, 5].find(factor => factor * power >= step) ?? 10) * power;
}
