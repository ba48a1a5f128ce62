import type { TranslationBundle } from '@jupyterlab/translation';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A size in bytes with its unit, in powers of 1000 and with up to three digits: `1.94 GB`. */
export function bytes(count: number): string {
  let unit = 0;
  let value = count;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${UNITS[unit] ?? ''}`;
}

/** A whole number with its thousands set apart: `12,345`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** A measured value with up to four digits: `1.424`, `0.0002`, `1.2e-6`. */
export function measured(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    return value.toExponential(2).replace(/\.?0*e\+?/, 'e');
  }
  return String(Number(value.toPrecision(4)));
}

/** A duration in seconds as a clock shows it: `3:10`, `1:02:05`; below ten seconds `4.2 s`. */
export function duration(seconds: number): string {
  if (seconds < 10) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    String(whole % 60).padStart(2, '0')
  ];
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

/** A duration that is only estimated: `12 s`, `4 min`, `1.5 h`. */
export function roughly(seconds: number, trans: TranslationBundle): string {
  if (seconds < 90) {
    return trans.__('%1 s', Math.max(1, Math.round(seconds)));
  }
  return seconds < 5400
    ? trans.__('%1 min', Math.round(seconds / 60))
    : trans.__('%1 h', Math.round(seconds / 360) / 10);
}

/** A moment relative to `now`, as `5 min ago`. */
export function ago(time: string, trans: TranslationBundle, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  if (seconds < 45) {
    return trans.__('just now');
  }
  if (seconds < 3600) {
    return trans.__('%1 min ago', Math.max(1, Math.round(seconds / 60)));
  }
  if (seconds < 86_400) {
    return trans.__('%1 h ago', Math.round(seconds / 3600));
  }
  const days = Math.round(seconds / 86_400);
  return trans._n('%1 day ago', '%1 days ago', days);
}

/** The exact moment, in the reader's own time zone and language. */
export function exactly(time: string): string {
  return new Date(time).toLocaleString();
}

/** Seconds between two moments, or from `start` until now. */
export function secondsBetween(start: string, end: string | null, now = Date.now()): number {
  return Math.max(0, ((end === null ? now : Date.parse(end)) - Date.parse(start)) / 1000);
}
