import type { ArtifactKind, Lineage } from '../api';

/** What a node of the graph stands for: an artifact, the job that made some, or an input that is no artifact. */
export type NodeKind = ArtifactKind | 'job' | 'notebook' | 'package' | 'file' | 'unknown';

export interface INode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly label: string;
  /** The artifact that it leads to. */
  readonly ref: string | null;
}

/** `to` was made from `from`, or by it. */
export interface IEdge {
  readonly from: string;
  readonly to: string;
  /** The role in which `from` was used; empty for what a job made. */
  readonly role: string;
}

export interface IGraph {
  readonly nodes: readonly INode[];
  readonly edges: readonly IEdge[];
  /** The node that the graph is about. */
  readonly root: string;
}

/**
 * Inputs, the jobs that used them, and what these made, as one graph.
 *
 * @param everything - Whether the notebook and the packages of each job are shown, too.
 */
export function lineageGraph(lineage: Lineage, everything: boolean): IGraph {
  const nodes = new Map<string, INode>();
  const edges = new Map<string, IEdge>();
  const link = (from: string, to: string, role: string): void => {
    edges.set(`${from} ${to} ${role}`, { from, to, role });
  };
  for (const [digest, { kind, ref, uri }] of Object.entries(lineage.nodes)) {
    nodes.set(digest, { id: digest, ref, ...(ref && kind ? { kind, label: ref } : named(uri)) });
  }
  for (const { name, product, source } of lineage.edges) {
    const job = lineage.nodes[product]?.job;
    if (!everything && job && OF_THE_JOB.includes(name)) {
      continue;
    }
    if (job) {
      const id = `job:${job}`;
      nodes.set(id, { id, kind: 'job', label: job, ref: null });
      link(source, id, name);
      link(id, product, '');
    } else {
      link(source, product, name);
    }
  }
  const used = new Set([...edges.values()].flatMap(({ from, to }) => [from, to]));
  used.add(lineage.digest);
  return {
    nodes: [...nodes.values()].filter(node => used.has(node.id)),
    edges: [...edges.values()],
    root: lineage.digest
  };
}

/** Inputs that every job has, by their roles. */
const OF_THE_JOB: readonly string[] = ['template', 'environment'];

/** An input that is no artifact here, by its URI. */
function named(uri: string): { kind: NodeKind; label: string } {
  const schemes: [prefix: string, kind: NodeKind][] = [
    ['modelops:artifact/', 'unknown'],
    ['modelops:template/', 'notebook'],
    ['pkg:', 'package'],
    ['file:', 'file']
  ];
  const [prefix, kind] = schemes.find(([start]) => uri.startsWith(start)) ?? ['', 'unknown'];
  return { kind, label: uri.slice(prefix.length) };
}

/** As much of a graph as is nearest to its root; what is left out is counted. */
export function nearest(graph: IGraph, most: number): { graph: IGraph; hidden: number } {
  if (graph.nodes.length <= most) {
    return { graph, hidden: 0 };
  }
  const beside = neighbours(graph);
  const kept = new Set([graph.root]);
  for (const id of kept) {
    for (const other of beside.get(id) ?? []) {
      if (kept.size < most) {
        kept.add(other);
      }
    }
  }
  return {
    graph: {
      ...graph,
      nodes: graph.nodes.filter(({ id }) => kept.has(id)),
      edges: graph.edges.filter(({ from, to }) => kept.has(from) && kept.has(to))
    },
    hidden: graph.nodes.length - kept.size
  };
}

function neighbours({ edges }: IGraph): ReadonlyMap<string, readonly string[]> {
  const beside = new Map<string, string[]>();
  for (const { from, to } of edges) {
    beside.set(from, [...(beside.get(from) ?? []), to]);
    beside.set(to, [...(beside.get(to) ?? []), from]);
  }
  return beside;
}
