import * as React from 'react';

import { Ago, Problem, Status } from '../components';
import { Copyable } from '../components/copyable';
import type { EndpointModel } from './model';

/** The keys by which somebody without a login may use the endpoint. */
export function Keys(props: { model: EndpointModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const { newKey } = model;
  const { state } = model.keys;
  const keys = model.keys.value ?? [];
  return (
    <section aria-label={trans.__('Keys')}>
      <h3>{trans.__('Keys')}</h3>
      {state.kind === 'failed' && (
        <Problem problem={state.problem} trans={trans} again={() => void model.keys.refresh()} />
      )}
      {state.kind === 'ready' && keys.length === 0 && (
        <p className="jp-ModelOps-help">
          {trans.__(
            'None yet. A key lets somebody without a login use this endpoint, and nothing else.'
          )}
        </p>
      )}
      {keys.length > 0 && (
        <ul className="jp-ModelOps-keys">
          {keys.map(({ created, id }) => (
            <li key={id} className="jp-ModelOps-row">
              <code>{id}</code>
              <span className="jp-ModelOps-help">
                <Ago time={created} trans={trans} />
              </span>
              <button
                className="jp-ModelOps-link"
                aria-label={trans.__('Revoke the key %1', id)}
                disabled={model.busy !== null}
                onClick={() => void model.revokeKey(id)}
              >
                {trans.__('revoke')}
              </button>
            </li>
          ))}
        </ul>
      )}
      {newKey && (
        <Status
          mood="warning"
          sentence={trans.__('The key %1. Copy it now: it is not shown again.', newKey.id)}
        >
          <Copyable text={newKey.key} trans={trans} />
        </Status>
      )}
      <NewKey model={model} />
    </section>
  );
}

function NewKey(props: { model: EndpointModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const [name, setName] = React.useState('');
  const replaces = (model.keys.value ?? []).some(({ id }) => id === name.trim());
  return (
    <form
      className="jp-ModelOps-row"
      onSubmit={event => {
        event.preventDefault();
        void model.createKey(name.trim()).then(() => {
          if (model.actions.refusal === null) {
            setName('');
          }
        });
      }}
    >
      <input
        className="jp-mod-styled"
        aria-label={trans.__('Name of the key')}
        placeholder={trans.__('who or what it is for')}
        spellCheck={false}
        autoComplete="off"
        value={name}
        onChange={({ target }) => {
          setName(target.value);
        }}
      />
      <button className="jp-mod-styled" disabled={name.trim() === '' || model.busy !== null}>
        {replaces ? trans.__('Replace the key') : trans.__('Make a key')}
      </button>
    </form>
  );
}
