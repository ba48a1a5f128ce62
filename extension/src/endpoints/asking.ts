import type { TranslationBundle } from '@jupyterlab/translation';

import type { NewEndpoint, Values } from '../api';

/** What the form holds, as it is typed. */
export interface IAsked {
  readonly ref: string;
  readonly engine: string;
  readonly name: string;
  readonly adapters: readonly string[];
  readonly context: string;
  readonly parallel: string;
  /** Gigabytes. */
  readonly memory: string;
  readonly idle: string;
  readonly parity: 'refuse' | 'warn' | 'off';
  readonly allowRejected: boolean;
}

export const NOTHING: IAsked = {
  ref: '',
  engine: 'auto',
  name: '',
  adapters: [],
  context: '',
  parallel: '4',
  memory: '',
  idle: '',
  parity: 'refuse',
  allowRejected: false
};

/** The fields that hold a number, each with the least that it may be. */
const LEAST: Readonly<Record<NumberField, number>> = {
  context: 64,
  parallel: 1,
  memory: 0,
  idle: 0
};
const WHOLE: readonly NumberField[] = ['context', 'parallel'];
const GB = 1e9;

export type NumberField = 'context' | 'parallel' | 'memory' | 'idle';

/** What is wrong with a field; `null` where nothing is. */
export function wrong(asked: IAsked, field: NumberField, trans: TranslationBundle): string | null {
  const text = asked[field].trim();
  if (text === '') {
    return null;
  }
  const value = Number(text);
  if (WHOLE.includes(field)) {
    const least = LEAST[field];
    return Number.isInteger(value) && value >= least
      ? null
      : trans.__('Give a whole number, %1 or more.', least);
  }
  return value > 0 && Number.isFinite(value) ? null : trans.__('Give a number above 0.');
}

/** What would be sent; `null` while nothing is chosen or a field is wrong. */
export function request(asked: IAsked, trans: TranslationBundle): NewEndpoint | null {
  const fields = Object.keys(LEAST) as NumberField[];
  if (asked.ref === '' || fields.some(field => wrong(asked, field, trans) !== null)) {
    return null;
  }
  const number = (field: NumberField): number | null =>
    asked[field].trim() === '' ? null : Number(asked[field]);
  const memory = number('memory');
  return {
    ref: asked.ref,
    engine: asked.engine,
    name: asked.name.trim() === '' ? null : asked.name.trim(),
    adapters: asked.adapters,
    options: {
      context: number('context'),
      parallel: number('parallel') ?? Number(NOTHING.parallel),
      max_memory: memory === null ? null : Math.round(memory * GB),
      idle_minutes: number('idle'),
      parity: asked.parity,
      allow_rejected: asked.allowRejected
    }
  };
}

/** What was changed in the form, to be kept over a reload. */
export function kept(asked: IAsked): Values {
  return Object.fromEntries(
    Object.entries(asked).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(NOTHING[name as keyof IAsked])
    )
  );
}
