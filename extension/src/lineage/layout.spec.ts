import { deserialize, serialize } from 'node:v8';

import type { IGraph } from './graph';
import { BOX, ILayout, layout } from './layout';

// Browsers have it, and dagre needs it; jsdom lacks it.
globalThis.structuredClone = <T>(value: T): T => deserialize(serialize(value)) as T;

/** A graph by its edges, such as `a>b`. */
function graph(...edges: string[]): IGraph {
  const pairs = edges.map(edge => edge.split('>') as [string, string]);
  return {
    nodes: [...new Set(pairs.flat())].map(id => ({ id, kind: 'model', label: id, ref: id })),
    edges: pairs.map(([from, to]) => ({ from, to, role: 'input' })),
    root: pairs[0]?.[0] ?? ''
  };
}

/** The nodes of each layer, from left to right. */
function layers({ places }: ILayout): string[][] {
  const columns = new Map<number, string[]>();
  for (const [id, { x }] of places) {
    columns.set(x, [...(columns.get(x) ?? []), id]);
  }
  return [...columns].sort(([a], [b]) => a - b).map(([, ids]) => ids.sort());
}

/** How many pairs of lines between the same two layers cross. */
function crossings({ lines, places }: ILayout): number {
  const ends = lines.map(({ edge }) => [places.get(edge.from), places.get(edge.to)] as const);
  return ends
    .flatMap(([a, b], index) => ends.slice(index + 1).map(([c, d]) => [a, b, c, d] as const))
    .filter(([a, b, c, d]) => a && b && c && d && a.x === c.x && b.x === d.x)
    .filter(([a, b, c, d]) => ((a?.y ?? 0) - (c?.y ?? 0)) * ((b?.y ?? 0) - (d?.y ?? 0)) < 0).length;
}

describe('layout', () => {
  it('puts what was made to the right of what it was made from', () => {
    const drawn = layout(
      graph('data>job', 'model>job', 'job>adapter', 'adapter>merge', 'model>merge')
    );
    expect(layers(drawn)).toEqual([['data', 'model'], ['job'], ['adapter'], ['merge']]);
  });

  it('lets lines cross only where they must', () => {
    expect(crossings(layout(graph('a>y', 'b>x', 'c>z', 'a>x')))).toBe(0);
    expect(crossings(layout(graph('a>x', 'a>y', 'b>x', 'b>y')))).toBe(1);
  });

  it('lets no box cover another', () => {
    const wide = graph(...Array.from({ length: 30 }, (_, number) => `source ${number}>job`));
    const places = [...layout(wide).places.values()];
    for (const [index, a] of places.entries()) {
      for (const b of places.slice(index + 1)) {
        expect(Math.abs(a.x - b.x) >= BOX.width || Math.abs(a.y - b.y) >= BOX.height).toBe(true);
      }
    }
  });

  it('draws the same graph the same way', () => {
    const edges = ['a>c', 'b>c', 'c>d', 'a>d', 'd>e', 'b>e'];
    expect(layout(graph(...edges))).toEqual(layout(graph(...edges)));
  });

  it('draws a circle, which only a forged lineage has, and ends', () => {
    expect(layout(graph('a>b', 'b>c', 'c>a')).places.size).toBe(3);
  });

  it('draws one line where something was used in two roles', () => {
    expect(layout(graph('model>job', 'model>job')).lines).toHaveLength(1);
  });
});
