import * as React from 'react';

import type { Endpoint } from '../api';
import { bytes, count } from '../format';
import type { EndpointsModel } from './list';
import { StateWord } from './state';
import { engineName, hasEnded, isChatting } from './states';
import { middleAndSlow, rate } from './wording';

/** An endpoint in the list: how it is, what passes through it, and what can be done with it. */
export function Row(props: { endpoint: Endpoint; model: EndpointsModel }): React.JSX.Element {
  const { endpoint, model } = props;
  const { workbench } = model.feed;
  const { trans } = workbench;
  const { name, reason, state, traffic } = endpoint;
  const ended = hasEnded(endpoint);
  return (
    <tr>
      <th scope="row">
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            workbench.open('serve', { endpoint: name });
          }}
        >
          {name}
        </button>
        {reason && (
          <p className="jp-ModelOps-hint jp-ModelOps-reason" title={reason.detail}>
            {reason.detail}
          </p>
        )}
      </th>
      <td className="jp-ModelOps-nowrap">
        <StateWord state={state} trans={trans} />
      </td>
      <td>
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            workbench.open('artifact', { ref: endpoint.ref });
          }}
        >
          {endpoint.ref}
        </button>
      </td>
      <td>{engineName(endpoint.engine)}</td>
      <td className="jp-ModelOps-figure">
        {ended ? '–' : trans.__('%1, %2 waiting', count(traffic.running), count(traffic.waiting))}
      </td>
      <td className="jp-ModelOps-figure">{ended ? '–' : rate(traffic.tokens_per_second)}</td>
      <td className="jp-ModelOps-figure">
        {endpoint.memory === null ? '–' : bytes(endpoint.memory)}
      </td>
      <td className="jp-ModelOps-figure">{middleAndSlow(traffic.latency)}</td>
      <td className="jp-ModelOps-figure">{count(endpoint.restarts)}</td>
      <td>
        <span className="jp-ModelOps-deeds jp-ModelOps-few">
          {isChatting(endpoint) && (
            <button
              className="jp-mod-styled"
              aria-label={trans.__('Chat with %1', name)}
              onClick={() => {
                workbench.open('chat', { endpoints: [name] });
              }}
            >
              {trans.__('Chat')}
            </button>
          )}
          {ended ? (
            <button
              className="jp-mod-styled"
              aria-label={trans.__('Start %1 again', name)}
              onClick={() => void model.restart(name)}
            >
              {trans.__('Start again')}
            </button>
          ) : (
            <button
              className="jp-mod-styled"
              aria-label={trans.__('Stop %1', name)}
              disabled={state === 'stopping'}
              onClick={() => void model.stop(name)}
            >
              {trans.__('Stop')}
            </button>
          )}
        </span>
      </td>
    </tr>
  );
}
