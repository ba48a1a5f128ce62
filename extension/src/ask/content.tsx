import * as React from 'react';

import { Problem } from '../components';
import type { AskModel } from './model';

/** Rows of a list that are shown at once. */
const MOST = 500;

/** The documents of an index, and what was left out and why. */
export function Content(props: { model: AskModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const { state } = model.content;
  if (state.kind === 'loading') {
    return (
      <p role="status">
        {trans.__('Opening the index: it is verified, and its embedding model is loaded…')}
      </p>
    );
  }
  if (state.kind === 'failed') {
    return <Problem problem={state.problem} trans={trans} again={() => void model.load()} />;
  }
  const { documents, skipped } = state.value;
  return (
    <>
      <details open={model.outcome === null}>
        <summary>{trans._n('%1 document', '%1 documents', documents.length)}</summary>
        <ul className="jp-ModelOps-sources">
          {documents.slice(0, MOST).map(({ chunks, source, title }) => (
            <li key={source}>
              <button
                className="jp-ModelOps-link"
                onClick={() => void model.reading.open(source, null)}
              >
                {source}
              </button>{' '}
              <span className="jp-ModelOps-hint">
                {[...(title === '' ? [] : [title]), trans._n('%1 chunk', '%1 chunks', chunks)].join(
                  ' · '
                )}
              </span>
            </li>
          ))}
        </ul>
        <More count={documents.length} model={model} />
      </details>
      {skipped.length > 0 && (
        <details>
          <summary>{trans._n('%1 left out', '%1 left out', skipped.length)}</summary>
          <ul className="jp-ModelOps-sources">
            {skipped.slice(0, MOST).map(({ code, reason, source }) => (
              <li key={`${source} ${code}`}>
                {source} <span className="jp-ModelOps-hint">{reason}</span>
              </li>
            ))}
          </ul>
          <More count={skipped.length} model={model} />
        </details>
      )}
    </>
  );
}

function More(props: { count: number; model: AskModel }): React.JSX.Element | null {
  const { count, model } = props;
  return count > MOST ? (
    <p className="jp-ModelOps-hint">{model.workbench.trans.__('and %1 more', count - MOST)}</p>
  ) : null;
}
