import * as React from 'react';

import { Empty, Problem } from '../components';
import { Copyable } from '../components/copyable';
import type { ChatModel } from './model';

/** Lets choose who answers, or says how to serve a model where none is. */
export function Choosing(props: { model: ChatModel }): React.JSX.Element {
  const { model } = props;
  const { models, workbench } = model;
  const { trans } = workbench;
  const { state } = models;
  if (state.kind === 'loading') {
    return <p role="status">{trans.__('Asking the server…')}</p>;
  }
  if (state.kind === 'failed') {
    const again = (): void => void models.refresh();
    return <Problem problem={state.problem} trans={trans} again={again} />;
  }
  if (state.value.length === 0) {
    return (
      <Empty
        sentence={trans.__(
          'Here you talk to models that are served. None is served now; start one in a terminal:'
        )}
      >
        <Copyable text="modelops endpoints start MODEL" trans={trans} />
      </Empty>
    );
  }
  return (
    <Empty sentence={trans.__('Whom do you want to talk to?')}>
      <ul className="jp-ModelOps-choices">
        {state.value.map(({ engine, id, ref }) => (
          <li key={id}>
            <button
              type="button"
              className="jp-mod-styled"
              onClick={() => {
                model.add(id);
              }}
            >
              {id}
            </button>
            <div className="jp-ModelOps-hint">
              {ref} · {engine}
            </div>
          </li>
        ))}
      </ul>
    </Empty>
  );
}
