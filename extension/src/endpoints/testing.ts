/** What the unit tests of endpoints share. */

import type { Endpoint } from '../api';
import { answering, Answers, TestWorkbench } from '../workbench/testing';

export const TIMES = { p50: 0.042, p95: 1.25, p99: 2 };

/** An endpoint that is ready, but for what is said. */
export function endpoint(name: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    name,
    task: 'generate',
    embedder: null,
    reranker: null,
    ref: `${name}@1`,
    digest: 'a'.repeat(64),
    model: `${name}@1`,
    adapters: [],
    engine: 'llamacpp',
    gpus: [],
    options: {
      context: 4096,
      parallel: 4,
      threads: 2,
      gpus: null,
      max_memory: null,
      idle_minutes: null,
      parity: 'refuse',
      allow_rejected: false
    },
    state: 'ready',
    text: '',
    reason: null,
    model_names: [name],
    context: 4096,
    created: '2026-11-28T10:00:00Z',
    ready_since: '2026-11-28T10:00:01Z',
    restarts: 0,
    memory: 300_000_000,
    parity: [],
    traffic: {
      running: 1,
      waiting: 2,
      requests: 7,
      errors: 0,
      tokens: 599,
      tokens_per_second: 13.28,
      first_token: TIMES,
      latency: TIMES
    },
    ...changes
  };
}

/** A workbench before a server with these endpoints, none of which has a key or a log. */
export function serving(list: () => readonly Endpoint[], answers: Answers = {}): TestWorkbench {
  const each = list().flatMap(({ name }) => [
    [`GET endpoints/${name}/keys`, { keys: [] }],
    [`GET endpoints/${name}/log`, () => new Response('Loading the model\n')]
  ]) as [string, unknown][];
  return answering({
    'GET endpoints': () => ({ endpoints: list() }),
    'GET artifacts': { artifacts: [], total: 0, kinds: {} },
    ...Object.fromEntries(each),
    ...answers
  });
}
