import * as React from 'react';

import { Ago, Empty, Problem } from '../components';
import { bytes } from '../format';
import type { AskModel } from './model';

/** Lets choose an index, or says how to make one where there is none. */
export function Choosing(props: { model: AskModel }): React.JSX.Element {
  const { model } = props;
  const { indexes, workbench } = model;
  const { trans } = workbench;
  const { state } = indexes;
  if (state.kind === 'loading') {
    return <p role="status">{trans.__('Asking the server…')}</p>;
  }
  if (state.kind === 'failed') {
    return <Problem problem={state.problem} trans={trans} again={() => void model.load()} />;
  }
  const make = (
    <button
      className="jp-mod-styled jp-mod-accept"
      onClick={() => {
        workbench.open('run', { template: 'rag-index' });
      }}
    >
      {trans.__('Index documents…')}
    </button>
  );
  if (state.value.length === 0) {
    return (
      <Empty
        sentence={trans.__(
          'An index holds your documents so that questions are answered from them, each sentence with the passage it stands on. There is none yet.'
        )}
      >
        {make}
      </Empty>
    );
  }
  return (
    <Empty sentence={trans.__('Which documents do you want to ask?')}>
      <ul className="jp-ModelOps-choices">
        {state.value.map(({ created, metadata, ref, size }) => (
          <li key={ref}>
            <button
              type="button"
              className="jp-mod-styled"
              onClick={() => {
                model.choose(ref);
              }}
            >
              {ref}
            </button>
            <div className="jp-ModelOps-hint">
              {typeof metadata.documents === 'number' &&
                `${trans._n('%1 document', '%1 documents', metadata.documents)} · `}
              {bytes(size)} · <Ago time={created} trans={trans} />
            </div>
          </li>
        ))}
      </ul>
      {make}
    </Empty>
  );
}
