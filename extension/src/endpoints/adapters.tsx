import * as React from 'react';

import type { Endpoint } from '../api';
import { Reference } from './facts';
import type { EndpointModel } from './model';
import { nameOf } from './wording';

interface IProps {
  readonly model: EndpointModel;
  readonly endpoint: Endpoint;
}

/** The adapters beside the model, each with the name by which requests choose it. */
export function Adapters(props: IProps): React.JSX.Element {
  const { endpoint, model } = props;
  const { trans } = model.workbench;
  if (endpoint.adapters.length === 0) {
    return <>{trans.__('none')}</>;
  }
  return (
    <ul className="jp-ModelOps-adapters">
      {endpoint.adapters.map(adapter => (
        <li key={adapter}>
          <Reference model={model} artifact={adapter} />{' '}
          {endpoint.state === 'ready' && adapter !== endpoint.ref && (
            <button
              className="jp-ModelOps-link"
              aria-label={trans.__('Serve %1 no longer', adapter)}
              disabled={model.busy !== null}
              onClick={() => void model.removeAdapter(nameOf(adapter))}
            >
              {trans.__('remove')}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Adds an adapter while requests go on. */
export function AddAdapter(props: IProps): React.JSX.Element | null {
  const { endpoint, model } = props;
  const { trans } = model.workbench;
  const served = endpoint.adapters.map(nameOf);
  const [chosen, choose] = React.useState('');
  // One name is one adapter: a second version would be another endpoint.
  const more = (model.adapters.value ?? []).filter(({ name }) => !served.includes(name));
  const adapter = more.find(({ ref }) => ref === chosen) ?? more[0];
  return adapter === undefined ? null : (
    <form
      className="jp-ModelOps-row"
      onSubmit={event => {
        event.preventDefault();
        void model.addAdapter(adapter.ref);
      }}
    >
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Adapter to add')}
        value={adapter.ref}
        onChange={({ target }) => {
          choose(target.value);
        }}
      >
        {more.map(({ ref }) => (
          <option key={ref} value={ref}>
            {ref}
          </option>
        ))}
      </select>
      <button className="jp-mod-styled" disabled={model.busy !== null}>
        {model.busy === 'adapters' ? trans.__('Asking…') : trans.__('Add adapter')}
      </button>
    </form>
  );
}
