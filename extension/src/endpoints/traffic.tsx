import * as React from 'react';

import type { Endpoint, Percentiles } from '../api';
import { Curves } from '../curves/view';
import { count } from '../format';
import type { EndpointModel } from './model';
import { isServing } from './states';
import { rate, time } from './wording';

const PERCENTILES = ['p50', 'p95', 'p99'] as const;

/** What passes through an endpoint, now and while the panel was open. */
export function TrafficView(props: {
  model: EndpointModel;
  endpoint: Endpoint;
}): React.JSX.Element {
  const { endpoint, model } = props;
  const { history, workbench } = model;
  const { trans } = workbench;
  const { traffic } = endpoint;
  const label = React.useCallback((seconds: number) => trans.__('%1 s', rate(seconds)), [trans]);
  const drawn = {
    sync: `modelops-endpoint-${model.name}`,
    revision: history.revision,
    stepLabel: label,
    trans
  };
  const numbers: [name: string, value: string][] = [
    [trans.__('answered now'), count(traffic.running)],
    [trans.__('waiting'), count(traffic.waiting)],
    [trans.__('tokens/s'), rate(traffic.tokens_per_second)],
    [trans.__('requests'), count(traffic.requests)],
    [trans.__('failed'), count(traffic.errors)],
    [trans.__('tokens written'), count(traffic.tokens)]
  ];
  return (
    <section aria-label={trans.__('Traffic')}>
      <dl className="jp-ModelOps-traffic">
        {numbers.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {history.revision > 1 && isServing(endpoint) && (
        <div className="jp-ModelOps-plots">
          <Curves title={trans.__('Tokens per second')} curves={model.speed} {...drawn} />
          <Curves title={trans.__('Requests')} curves={model.requests} {...drawn} />
        </div>
      )}
      {traffic.latency && (
        <table className="jp-ModelOps-rows" aria-label={trans.__('Times of the last requests')}>
          <thead>
            <tr>
              <td />
              <th scope="col" title={trans.__('Half of the requests are faster')}>
                {trans.__('p50')}
              </th>
              <th scope="col" title={trans.__('95 of 100 are faster')}>
                {trans.__('p95')}
              </th>
              <th scope="col" title={trans.__('99 of 100 are faster')}>
                {trans.__('p99')}
              </th>
            </tr>
          </thead>
          <tbody>
            <Times title={trans.__('Until the first token')} times={traffic.first_token} />
            <Times title={trans.__('Until the answer ends')} times={traffic.latency} />
          </tbody>
        </table>
      )}
    </section>
  );
}

function Times(props: { title: string; times: Percentiles | null }): React.JSX.Element | null {
  const { times, title } = props;
  return times ? (
    <tr>
      <th scope="row">{title}</th>
      {PERCENTILES.map(name => (
        <td key={name} className="jp-ModelOps-figure">
          {time(times[name])}
        </td>
      ))}
    </tr>
  ) : null;
}
