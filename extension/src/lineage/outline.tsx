import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IEdge, IGraph, INode } from './graph';
import { leads, nodeIcon, nodeName } from './nodes';

interface IOutline {
  graph: IGraph;
  trans: TranslationBundle;
  visit: (node: INode) => void;
}

/** The graph as two nested lists, for whoever reads better than sees, and for narrow panels. */
export function Outline(props: IOutline): React.JSX.Element {
  const { graph, trans } = props;
  return (
    <>
      <h3>{trans.__('Made from')}</h3>
      <Branch {...props} of={graph.root} way={[graph.root]} upwards={true} />
      <h3>{trans.__('Used for')}</h3>
      <Branch {...props} of={graph.root} way={[graph.root]} upwards={false} />
    </>
  );
}

/** What `of` was made from, or what was made from it; a node that stands above already is not followed again. */
function Branch(
  props: IOutline & { of: string; way: readonly string[]; upwards: boolean }
): React.JSX.Element | null {
  const { graph, of, trans, upwards, visit, way } = props;
  const [here, there] = upwards ? (['to', 'from'] as const) : (['from', 'to'] as const);
  const found = graph.edges.flatMap((edge: IEdge) => {
    const node = graph.nodes.find(({ id }) => id === edge[there]);
    return edge[here] === of && node ? [{ edge, node }] : [];
  });
  if (found.length === 0) {
    return way.length === 1 ? (
      <p className="jp-ModelOps-quiet">{trans.__('nothing that is known')}</p>
    ) : null;
  }
  return (
    <ul>
      {found.map(({ edge, node }) => (
        <li key={`${edge.from} ${edge.to} ${edge.role}`}>
          <Entry edge={edge} node={node} trans={trans} visit={visit} />
          {!way.includes(node.id) && <Branch {...props} of={node.id} way={[...way, node.id]} />}
        </li>
      ))}
    </ul>
  );
}

function Entry(props: {
  edge: IEdge;
  node: INode;
  trans: TranslationBundle;
  visit: (node: INode) => void;
}): React.JSX.Element {
  const { edge, node, trans, visit } = props;
  const Icon = nodeIcon(node.kind);
  return (
    <>
      <Icon.react tag="span" className="jp-ModelOps-icon" />{' '}
      {leads(node) ? (
        <button
          className="jp-ModelOps-reference"
          onClick={() => {
            visit(node);
          }}
        >
          {node.label}
        </button>
      ) : (
        node.label
      )}{' '}
      <span className="jp-ModelOps-quiet">
        {nodeName(node.kind, trans)}
        {edge.role !== '' && ` · ${edge.role.replaceAll('_', ' ')}`}
      </span>
    </>
  );
}
