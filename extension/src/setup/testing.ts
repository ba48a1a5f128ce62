/** What the tests of this room set up a run with: a small template, and what the server says of it. */

import type { Artifact, Template } from '../api';

export const TEMPLATE: Template = {
  name: 'tune',
  path: '/templates/tune.ipynb',
  title: 'Tune',
  kind: 'train',
  summary: 'Tunes a model.',
  produces: ['adapter'],
  accepts: null,
  requires: [],
  environment: null,
  environments: {},
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
      papers: {
        title: 'Papers',
        type: 'array',
        items: { type: 'string', 'x-reference': 'file' },
        default: [],
        'x-reference': 'file'
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
  outlook: [],
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
    rejected: [],
    metadata: {}
  };
}
