import * as React from 'react';

import type { Hit } from '../api';
import type { AskModel, IOutcome } from './model';

const STEPS = ['dense', 'bm25', 'fusion', 'reranker'] as const;

/** The passages that were found, with what each retriever thought of them side by side. */
export function Hits(props: {
  model: AskModel;
  outcome: IOutcome;
  hits: readonly Hit[];
}): React.JSX.Element {
  const { hits, model, outcome } = props;
  const { trans } = model.workbench;
  if (hits.length === 0) {
    return <p>{trans.__('No passage was found.')}</p>;
  }
  const names = {
    dense: trans.__('Meaning'),
    bm25: trans.__('Words'),
    fusion: trans.__('Both'),
    reranker: trans.__('Reranker')
  };
  const steps = STEPS.filter(step => hits.some(hit => hit.steps[step]));
  return (
    <div className="jp-ModelOps-scrolled" tabIndex={0}>
      <table className="jp-ModelOps-rows jp-ModelOps-hits" aria-label={trans.__('Passages')}>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">{trans.__('Passage')}</th>
            {steps.map(step => (
              <th key={step} scope="col" title={trans.__('Rank, and score')}>
                {names[step]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hits.map((hit, index) => (
            <tr key={`${hit.source} ${hit.start}`}>
              <td>{given(hit, outcome) || (outcome.answered ? '' : index + 1)}</td>
              <td>
                <button
                  className="jp-ModelOps-link"
                  onClick={() => void model.reading.open(hit.source, hit)}
                >
                  {place(hit, trans.__('page %1', hit.page ?? 0))}
                </button>
                <div className="jp-ModelOps-excerpt">{hit.text}</div>
              </td>
              {steps.map(step => (
                <td key={step} className="jp-ModelOps-figure">
                  {figure(hit, step)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What the model calls a passage; 0 where it was not given it. */
function given(hit: Hit, { passages }: IOutcome): number {
  return passages.findIndex(one => one.source === hit.source && one.start === hit.start) + 1;
}

function place({ headings, page, source }: Hit, onPage: string): string {
  return [source, ...headings, ...(page === null ? [] : [onPage])].join(' · ');
}

function figure(hit: Hit, step: string): string {
  const placed = hit.steps[step];
  return placed ? `${placed.rank} (${placed.score.toPrecision(3)})` : '–';
}
