/** Compared artifacts for unit tests of what shows them. */

import type { Artifact, ArtifactComparison } from '../api';

/** A model `bot` and what was made of it: `q8_0`, which is nearly as good, and `q2_k`, which was rejected. */
export const COMPARISON: ArtifactComparison = {
  artifacts: [
    artifact('bot@1', 300_000_000),
    artifact('bot-q8_0@1', 150_000_000),
    artifact('bot-q2_k@1', 90_000_000, ['It is worse.'])
  ],
  facts: [
    { name: 'kind', values: ['model', 'model', 'model'], differs: false },
    { name: 'size', values: [300_000_000, 150_000_000, 90_000_000], differs: true },
    { name: 'base_model', values: [null, 'bot@1', 'bot@1'], differs: true }
  ],
  measures: [
    { name: 'rows', values: [null, 64, 64], intervals: [null, null, null], differs: true },
    {
      name: 'perplexity_ratio',
      values: [null, 1.001, 1.35],
      intervals: [null, [0.99, 1.01], [1.2, 1.5]],
      differs: true
    },
    {
      name: 'top1_agreement',
      values: [null, 0.98, 0.65],
      intervals: [null, [0.96, 0.99], [0.6, 0.7]],
      differs: true
    },
    {
      name: 'decode_speed',
      values: [null, 25, 40],
      intervals: [null, [24, 26], [39, 41]],
      differs: true
    }
  ],
  inputs: [{ name: 'model', values: [null, 'bot@1', 'bot@1'], differs: true }],
  evaluations: [null, null, 'my-evaluation@2']
};

export function artifact(ref: string, size: number, rejected: string[] = []): Artifact {
  const [name = '', version] = ref.split('@');
  return {
    ref,
    name,
    version: Number(version),
    kind: 'model',
    created: '2026-11-24T10:00:00Z',
    size,
    digest: 'a'.repeat(64),
    job: null,
    aliases: [],
    rejected,
    metadata: {}
  };
}
