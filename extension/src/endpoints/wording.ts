import type { TranslationBundle } from '@jupyterlab/translation';

import type { Endpoint, Percentiles } from '../api';
import { count, measured } from '../format';

/** A short time: `42 ms`, `1.3 s`. */
export function time(seconds: number): string {
  return seconds < 1
    ? `${Math.round(seconds * 1000)} ms`
    : `${measured(Number(seconds.toPrecision(3)))} s`;
}

/** The middle and the slow end: `0.4 s / 1.3 s`. */
export function middleAndSlow(percentiles: Percentiles | null): string {
  return percentiles ? `${time(percentiles.p50)} / ${time(percentiles.p95)}` : '–';
}

/** How fast an endpoint writes: `12.3 tokens/s`. */
export function speed({ traffic }: Endpoint, trans: TranslationBundle): string {
  return trans.__('%1 tokens/s', rate(traffic.tokens_per_second));
}

/** A rate with one digit after the point where it is small. */
export function rate(value: number): string {
  return value < 100 ? String(Math.round(value * 10) / 10) : count(Math.round(value));
}

/** An artifact's name without its version: by it requests choose an adapter. */
export function nameOf(ref: string): string {
  return ref.split('@')[0] ?? ref;
}
