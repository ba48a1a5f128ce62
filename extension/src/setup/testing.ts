/** What the tests of this room set up a run with: a server that answers from a table, and a small template. */

import { ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';

import { Api, Artifact, Template } from '../api';
import type { IWorkbench } from '../tokens';
import { Preferences } from '../workbench/preferences';

/** Answers by `METHOD path`; a function is asked with the request's body. */
export type Answers = Record<string, unknown>;

type Answer = (body: unknown) => unknown;

/** A request that was made. */
export interface IAsked {
  readonly what: string;
  readonly body: unknown;
  readonly headers: Headers;
}

/** A problem as an answer. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly body: object
  ) {}
}

/** What all panels share, with a server of its own that answers from `answers`. */
export function workbench(answers: Answers): IWorkbench & { readonly asked: IAsked[] } {
  const asked: IAsked[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/',
    fetch: async input => {
      const request = input as Request;
      const path = new URL(request.url).pathname.replace('/modelops/api/v1/', '');
      const what = `${request.method} ${path}`;
      const text = await request.text();
      const body: unknown = text === '' ? null : JSON.parse(text);
      asked.push({ what, body, headers: request.headers });
      const given = answers[what];
      const answer = typeof given === 'function' ? await (given as Answer)(body) : given;
      if (answer === undefined) {
        return new Response('<h1>404</h1>', { status: 404 });
      }
      const refused = answer instanceof Refusal;
      return new Response(JSON.stringify(refused ? answer.body : answer), {
        status: refused ? answer.status : 200,
        headers: { 'Content-Type': refused ? 'application/problem+json' : 'application/json' }
      });
    }
  });
  const shared = {
    asked,
    api: new Api(settings),
    trans: nullTranslator.load('jupyterlab_modelops'),
    preferences: new Preferences(),
    previews: new Map(),
    open: () => undefined
  };
  return { ...shared, jobsChanged: new Signal(shared) } as unknown as IWorkbench & {
    asked: IAsked[];
  };
}

export const TEMPLATE: Template = {
  name: 'tune',
  path: '/templates/tune.ipynb',
  title: 'Tune',
  kind: 'train',
  summary: 'Tunes a model.',
  produces: ['adapter'],
  requires: [],
  resources: { cpus: null, gpus: null, memory: null },
  resumable: false,
  sha256: '0'.repeat(64),
  presets: { Quick: { steps: 5 }, Usual: {}, Long: { rank: 32 } },
  schema: {
    type: 'object',
    required: ['title'],
    'x-groups': ['LoRA'],
    properties: {
      base_model: { title: 'Base model', type: 'string', 'x-reference': 'model', default: 'tiny' },
      title: { title: 'Title', description: 'What it is called', type: 'string', minLength: 1 },
      method: { title: 'Method', type: 'string', enum: ['lora', 'full'], default: 'lora' },
      token: { title: 'Token', type: 'string', 'x-reference': 'secret', default: 'HF_TOKEN' },
      rank: {
        title: 'Rank',
        type: 'integer',
        minimum: 1,
        maximum: 64,
        default: 16,
        'x-group': 'LoRA'
      },
      steps: {
        title: 'Steps',
        description: 'How many; empty: one epoch',
        anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }],
        default: null,
        'x-group': 'LoRA'
      },
      layers: {
        title: 'Layers',
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        default: ['all'],
        'x-group': 'LoRA'
      }
    }
  }
};

export const READY = {
  ready: true,
  checks: [{ name: 'disk', status: 'ok', sentence: 'There is space.', mend: null }],
  fields: [],
  estimate: null,
  dataset: null,
  resources: { cpus: 1, gpus: 0, memory: 1 },
  queue: { ahead: 0, free_now: true },
  command: 'modelops run tune',
  python: 'import modelops'
};

/** An artifact as a list shows it. */
export function artifact(name: string, version: number, ...aliases: string[]): Artifact {
  return {
    ref: `${name}@${version}`,
    name,
    version,
    kind: 'model',
    created: '2026-11-24T12:00:00Z',
    size: 1000,
    digest: '0'.repeat(64),
    job: null,
    aliases,
    metadata: {}
  };
}

/** Resolves once `condition` holds; looks after whatever waits now has been done. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 500; turn += 1) {
    if (condition()) {
      return;
    }
    await new Promise(done => setTimeout(done, 2));
  }
  throw new Error('It did not happen.');
}
