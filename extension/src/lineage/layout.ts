import { Graph, layout as arrange } from '@dagrejs/dagre';

import type { IEdge, IGraph } from './graph';

/** A node's box is as large for all; pixels. */
export const BOX = { width: 160, height: 40 } as const;

/** Pixels between layers, and between the boxes of one. */
const [ACROSS, BETWEEN] = [40, 14];

export interface IPlace {
  readonly x: number;
  readonly y: number;
}

export interface ILayout {
  readonly width: number;
  readonly height: number;
  /** The upper left corner of each node's box. */
  readonly places: ReadonlyMap<string, IPlace>;
  /** The points that each line leads through, from box to box. */
  readonly lines: readonly { readonly edge: IEdge; readonly points: readonly IPlace[] }[];
}

/** Draw a graph in layers from left to right; the same graph is drawn the same way each time. */
export function layout(graph: IGraph): ILayout {
  const drawn = new Graph();
  drawn.setGraph({ rankdir: 'LR', ranksep: ACROSS, nodesep: BETWEEN, edgesep: BETWEEN });
  for (const { id } of graph.nodes) {
    drawn.setNode(id, { ...BOX });
  }
  // One line is drawn where something was used in two roles.
  const edges = [...new Map(graph.edges.map(edge => [`${edge.from} ${edge.to}`, edge])).values()];
  for (const { from, to } of edges) {
    drawn.setEdge(from, to, {});
  }
  arrange(drawn);
  const { height = 0, width = 0 } = drawn.graph() as Partial<ILayout>;
  const corner = (id: string): IPlace => {
    const { x, y } = drawn.node(id) as IPlace;
    return { x: x - BOX.width / 2, y: y - BOX.height / 2 };
  };
  return {
    width,
    height,
    places: new Map(graph.nodes.map(({ id }) => [id, corner(id)])),
    lines: edges.map(edge => {
      const { points } = drawn.edge(edge.from, edge.to) as { points: IPlace[] };
      // Between the middles of the sides: a line that ends at a corner is hard to follow.
      const [from, to] = [corner(edge.from), corner(edge.to)];
      const start = { x: from.x + BOX.width, y: from.y + BOX.height / 2 };
      const end = { x: to.x, y: to.y + BOX.height / 2 };
      return { edge, points: [start, ...passed(points, start, end), end] };
    })
  };
}

/** The points of a line in the layers that it passes; where it goes from one to the next, there is only one way. */
function passed(points: readonly IPlace[], start: IPlace, end: IPlace): readonly IPlace[] {
  return points.filter(({ x }) => x > start.x + ACROSS && x < end.x - ACROSS);
}
