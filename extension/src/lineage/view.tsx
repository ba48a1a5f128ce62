import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Lineage } from '../api';
import { Empty, Problem, Progress } from '../components';
import type { Loaded } from '../loaded';
import type { IWorkbench } from '../tokens';
import { Drawing } from './drawing';
import { IGraph, INode, lineageGraph, nearest } from './graph';
import { Outline } from './outline';

/** Nodes that can be taken in; a larger graph shows those nearest to the artifact first. */
const MOST = 60;

/** Where an artifact came from and what was made of it, as a graph to click through, or as a list. */
export function LineageView(props: {
  state: Loaded<Lineage>;
  workbench: IWorkbench;
  /** Called with the artifact to show in place of this one. */
  show: (ref: string) => void;
}): React.JSX.Element {
  const { show, state, workbench } = props;
  const { trans } = workbench;
  const visit = (node: INode): void => {
    if (node.kind === 'job') {
      workbench.open('run', { job: node.label });
    } else if (node.ref !== null) {
      show(node.ref);
    }
  };
  switch (state.kind) {
    case 'loading':
      return <Progress label={trans.__('Asking the server…')} fraction={null} />;
    case 'failed':
      return <Problem problem={state.problem} trans={trans} />;
    case 'ready':
      return <Ready lineage={state.value} trans={trans} visit={visit} />;
  }
}

function Ready(props: {
  lineage: Lineage;
  trans: TranslationBundle;
  visit: (node: INode) => void;
}): React.JSX.Element {
  const { lineage, trans, visit } = props;
  const [everything, setEverything] = React.useState(false);
  const [unfolded, setUnfolded] = React.useState(false);
  const [asList, setAsList] = React.useState(false);
  const { graph, hidden } = React.useMemo(
    () => nearest(lineageGraph(lineage, everything), unfolded ? Infinity : MOST),
    [lineage, everything, unfolded]
  );
  return (
    <div className="jp-ModelOps-lineage">
      <div className="jp-ModelOps-actions">
        <label>
          <input
            type="checkbox"
            checked={everything}
            onChange={event => {
              setEverything(event.target.checked);
            }}
          />{' '}
          {trans.__('Notebooks and packages')}
        </label>
        <label>
          <input
            type="checkbox"
            checked={asList}
            onChange={event => {
              setAsList(event.target.checked);
            }}
          />{' '}
          {trans.__('As a list')}
        </label>
        {(hidden > 0 || unfolded) && (
          <button
            className="jp-ModelOps-reference"
            onClick={() => {
              setUnfolded(!unfolded);
            }}
          >
            {unfolded ? trans.__('Show the nearest only') : trans.__('Show %1 more', hidden)}
          </button>
        )}
      </div>
      <Shown graph={graph} asList={asList} trans={trans} visit={visit} />
    </div>
  );
}

function Shown(props: {
  graph: IGraph;
  asList: boolean;
  trans: TranslationBundle;
  visit: (node: INode) => void;
}): React.JSX.Element {
  const { asList, graph, trans, visit } = props;
  if (graph.edges.length === 0) {
    return (
      <Empty
        sentence={trans.__(
          'Nothing is known of what it was made from, and nothing was made of it yet.'
        )}
      />
    );
  }
  return asList ? (
    <Outline graph={graph} trans={trans} visit={visit} />
  ) : (
    <Drawing graph={graph} trans={trans} visit={visit} />
  );
}
