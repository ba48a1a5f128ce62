import type { Lineage } from '../api';
import { IGraph, lineageGraph, nearest } from './graph';

const artifact = (
  ref: string,
  kind: 'model' | 'dataset' | 'adapter',
  job: string | null = null
): Lineage['nodes'][string] => ({ uri: `modelops:artifact/${ref}`, ref, kind, job });

const input = (uri: string): Lineage['nodes'][string] => ({
  uri,
  ref: null,
  kind: null,
  job: null
});

/** An adapter that the job `sft-1` made from a model and a dataset; the model was added from a package. */
const LINEAGE: Lineage = {
  ref: 'bot@1',
  digest: 'bot',
  nodes: {
    bot: artifact('bot@1', 'adapter', 'sft-1'),
    tiny: artifact('tiny@2', 'model'),
    pages: input('modelops:artifact/pages@3'),
    sft: input('modelops:template/sft'),
    packages: input('file:environment.json'),
    wheel: input('pkg:pypi/tiny@0.1')
  },
  edges: [
    { product: 'bot', source: 'sft', name: 'template' },
    { product: 'bot', source: 'packages', name: 'environment' },
    { product: 'bot', source: 'tiny', name: 'base_model' },
    { product: 'bot', source: 'pages', name: 'dataset' },
    { product: 'tiny', source: 'wheel', name: 'source' }
  ]
};

const lines = (graph: IGraph): string[] =>
  graph.edges.map(({ from, role, to }) => `${from} > ${to} ${role}`.trim());

describe('lineageGraph', () => {
  it('shows inputs, the job that used them, and what it made', () => {
    expect(lines(lineageGraph(LINEAGE, false))).toEqual([
      'tiny > job:sft-1 base_model',
      'job:sft-1 > bot',
      'pages > job:sft-1 dataset',
      'wheel > tiny source'
    ]);
  });

  it('shows the notebook and the packages of jobs when everything is wanted', () => {
    const { nodes } = lineageGraph(LINEAGE, true);
    expect(nodes.find(({ id }) => id === 'sft')).toMatchObject({ kind: 'notebook', label: 'sft' });
    expect(nodes.find(({ id }) => id === 'packages')).toMatchObject({ kind: 'file' });
    expect(lineageGraph(LINEAGE, false).nodes.map(({ id }) => id)).not.toContain('sft');
  });

  it('leads to artifacts that are here, and to no others', () => {
    const { nodes } = lineageGraph(LINEAGE, false);
    expect(nodes.find(({ id }) => id === 'tiny')).toMatchObject({ kind: 'model', ref: 'tiny@2' });
    expect(nodes.find(({ id }) => id === 'pages')).toMatchObject({
      kind: 'unknown',
      label: 'pages@3',
      ref: null
    });
  });

  it('shows a job once that made several artifacts', () => {
    const lineage: Lineage = {
      ...LINEAGE,
      nodes: { ...LINEAGE.nodes, report: artifact('report@1', 'model', 'sft-1') },
      edges: [...LINEAGE.edges, { product: 'report', source: 'tiny', name: 'base_model' }]
    };
    const { edges, nodes } = lineageGraph(lineage, false);
    expect(nodes.filter(({ kind }) => kind === 'job')).toHaveLength(1);
    expect(edges.filter(({ from }) => from === 'tiny')).toHaveLength(1);
  });

  it('shows an artifact of which nothing else is known', () => {
    const alone = { ...LINEAGE, edges: [] };
    expect(lineageGraph(alone, true).nodes.map(({ id }) => id)).toEqual(['bot']);
  });
});

describe('nearest', () => {
  const chain: IGraph = {
    nodes: Array.from({ length: 100 }, (_, id) => ({
      id: `${id}`,
      kind: 'model',
      label: '',
      ref: null
    })),
    edges: Array.from({ length: 99 }, (_, id) => ({ from: `${id}`, to: `${id + 1}`, role: '' })),
    root: '50'
  };

  it('keeps the nodes nearest to the root and counts the others', () => {
    const { graph, hidden } = nearest(chain, 5);
    expect(graph.nodes.map(({ id }) => id)).toEqual(['48', '49', '50', '51', '52']);
    expect(graph.edges).toHaveLength(4);
    expect(hidden).toBe(95);
  });

  it('leaves a small graph as it is', () => {
    expect(nearest(chain, 100)).toEqual({ graph: chain, hidden: 0 });
  });
});
