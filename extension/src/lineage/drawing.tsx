import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IGraph, INode } from './graph';
import { BOX, ILayout, IPlace, layout } from './layout';
import { leads, nodeIcon, nodeName } from './nodes';

/** The graph as a picture whose boxes are buttons; from one to the next by arrow keys. */
export function Drawing(props: {
  graph: IGraph;
  trans: TranslationBundle;
  visit: (node: INode) => void;
}): React.JSX.Element {
  const { graph, trans, visit } = props;
  const drawn = React.useMemo(() => layout(graph), [graph]);
  const picture = React.useRef<HTMLDivElement>(null);
  const [reached, setReached] = React.useState(graph.root);
  const current = drawn.places.has(reached) ? reached : graph.root;
  const pressed = (event: React.KeyboardEvent): void => {
    const next = beside(graph, drawn, current, event.key);
    if (next !== undefined) {
      event.preventDefault();
      setReached(next);
      picture.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(next)}"]`)?.focus();
    }
  };
  React.useEffect(() => {
    picture.current
      ?.querySelector<HTMLElement>('[aria-current]')
      ?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [drawn]);
  return (
    <div
      ref={picture}
      className="jp-ModelOps-drawing"
      role="group"
      aria-label={trans.__('Lineage: inputs to the left, what was made to the right')}
      onKeyDown={pressed}
    >
      <div style={{ width: drawn.width, height: drawn.height }}>
        <Lines drawn={drawn} root={graph.root} />
        {graph.nodes.map(node => (
          <Box
            key={node.id}
            node={node}
            place={drawn.places.get(node.id) ?? { x: 0, y: 0 }}
            isRoot={node.id === graph.root}
            isReached={node.id === current}
            trans={trans}
            reach={() => {
              setReached(node.id);
            }}
            visit={() => {
              visit(node);
            }}
          />
        ))}
      </div>
    </div>
  );
}

function Lines({ drawn, root }: { drawn: ILayout; root: string }): React.JSX.Element {
  return (
    <svg width={drawn.width} height={drawn.height} aria-hidden="true">
      {drawn.lines.map(({ edge, points }) => (
        <path
          key={`${edge.from} ${edge.to} ${edge.role}`}
          className="jp-ModelOps-edge"
          d={curve(points)}
          data-near={edge.from === root || edge.to === root}
        >
          <title>{edge.role.replaceAll('_', ' ')}</title>
        </path>
      ))}
    </svg>
  );
}

/** A line through all points that leaves and enters every box level. */
function curve([start, ...rest]: readonly IPlace[]): string {
  let path = start ? `M${start.x},${start.y}` : '';
  let { x, y } = start ?? { x: 0, y: 0 };
  for (const next of rest) {
    const middle = (x + next.x) / 2;
    path += y === next.y ? `H${next.x}` : `C${middle},${y} ${middle},${next.y} ${next.x},${next.y}`;
    ({ x, y } = next);
  }
  return path;
}

function Box(props: {
  node: INode;
  place: IPlace;
  isRoot: boolean;
  isReached: boolean;
  trans: TranslationBundle;
  reach: () => void;
  visit: () => void;
}): React.JSX.Element {
  const { isReached, isRoot, node, place, reach, trans, visit } = props;
  const Icon = nodeIcon(node.kind);
  const kind = nodeName(node.kind, trans);
  return (
    <button
      className="jp-ModelOps-node"
      data-node={node.id}
      data-kind={node.kind}
      {...(isRoot ? { 'aria-current': true } : {})}
      aria-disabled={!leads(node)}
      tabIndex={isReached ? 0 : -1}
      title={`${kind}: ${node.label}`}
      style={{ left: place.x, top: place.y, width: BOX.width, height: BOX.height }}
      onFocus={reach}
      onClick={visit}
    >
      <Icon.react tag="span" className="jp-ModelOps-icon" />
      <span className="jp-ModelOps-caption">
        <span>{node.label}</span>
        <span className="jp-ModelOps-quiet">{kind}</span>
      </span>
    </button>
  );
}

/** The node that an arrow key leads to: along an edge to the left or right, within a layer up or down. */
export function beside(
  graph: IGraph,
  drawn: ILayout,
  from: string,
  key: string
): string | undefined {
  const here = drawn.places.get(from);
  const layer = [...drawn.places]
    .filter(([, { x }]) => x === here?.x)
    .sort(([, a], [, b]) => a.y - b.y)
    .map(([id]) => id);
  const rank = layer.indexOf(from);
  const near = (ids: readonly string[]): string | undefined =>
    [...ids].sort((a, b) => distance(a) - distance(b))[0];
  const distance = (id: string): number =>
    Math.abs((drawn.places.get(id)?.y ?? 0) - (here?.y ?? 0));
  switch (key) {
    case 'ArrowLeft':
      return near(graph.edges.filter(({ to }) => to === from).map(edge => edge.from));
    case 'ArrowRight':
      return near(graph.edges.filter(edge => edge.from === from).map(({ to }) => to));
    case 'ArrowUp':
      return layer[rank - 1];
    case 'ArrowDown':
      return layer[rank + 1];
    case 'Home':
      return graph.root;
    default:
      return undefined;
  }
}
