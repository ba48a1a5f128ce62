import type { TranslationBundle } from '@jupyterlab/translation';

import type { Endpoint, EndpointState } from '../api';
import type { Mood } from '../components';

const MARKS: Record<EndpointState, [mark: string, mood: Mood]> = {
  starting: ['…', 'waiting'],
  ready: ['✓', 'good'],
  restarting: ['!', 'warning'],
  stopping: ['…', 'waiting'],
  stopped: ['–', 'waiting'],
  failed: ['✗', 'bad']
};

/** A state as one character, and how it is to be taken. */
export function endpointMark(state: EndpointState): [mark: string, mood: Mood] {
  return MARKS[state];
}

/** A state in a word. */
export function endpointStateName(state: EndpointState, trans: TranslationBundle): string {
  const names: Record<EndpointState, string> = {
    starting: trans.__('starting'),
    ready: trans.__('ready'),
    restarting: trans.__('restarting'),
    stopping: trans.__('stopping'),
    stopped: trans.__('stopped'),
    failed: trans.__('failed')
  };
  return names[state];
}

/** Whether it stays so until somebody starts the endpoint again. */
export function hasEnded({ state }: Endpoint): boolean {
  return state === 'stopped' || state === 'failed';
}

/** Whether it is on its way from one state to another. */
export function isMoving({ state }: Endpoint): boolean {
  return state === 'starting' || state === 'restarting' || state === 'stopping';
}

/** Whether requests pass through it, or soon will again. */
export function isServing({ state }: Endpoint): boolean {
  return state === 'ready' || state === 'restarting';
}

/** Whether it can be talked to now. */
export function isChatting({ state, task }: Endpoint): boolean {
  return state === 'ready' && task === 'generate';
}

const NAMES = new Map([
  ['llamacpp', 'llama.cpp'],
  ['vllm', 'vLLM']
]);

/** What an engine is called by those who made it. */
export function engineName(engine: string): string {
  return NAMES.get(engine) ?? engine;
}
