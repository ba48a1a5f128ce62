import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Endpoint } from '../api';
import { Ago } from '../components';
import { bytes, count } from '../format';
import { AddAdapter, Adapters } from './adapters';
import type { EndpointModel } from './model';
import { engineName } from './states';

/** What it serves, by what, and how. */
export function Facts(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element {
  const { endpoint, model } = props;
  const { trans } = model.workbench;
  const { options } = endpoint;
  const rows: [name: string, value: React.ReactNode][] = [
    [trans.__('Serves'), <Reference key="ref" model={model} artifact={endpoint.ref} />]
  ];
  if (endpoint.model !== endpoint.ref) {
    rows.push([
      trans.__('Model'),
      <Reference key="model" model={model} artifact={endpoint.model} />
    ]);
  }
  if (endpoint.embedder !== null) {
    rows.push([
      trans.__('Searched with'),
      <Reference key="embedder" model={model} artifact={endpoint.embedder} />
    ]);
  }
  if (endpoint.reranker !== null) {
    rows.push([
      trans.__('Reranked by'),
      <Reference key="reranker" model={model} artifact={endpoint.reranker} />
    ]);
  }
  rows.push(
    [trans.__('Engine'), engine(endpoint, trans)],
    [trans.__('Context'), trans.__('%1 tokens', count(endpoint.context ?? options.context ?? 0))],
    [trans.__('At the same time'), trans._n('%1 request', '%1 requests', options.parallel)],
    [trans.__('Memory'), memory(endpoint, trans)],
    [trans.__('Restarts'), count(endpoint.restarts)]
  );
  if (endpoint.ready_since !== null) {
    rows.push([
      trans.__('Ready since'),
      <Ago key="ago" time={endpoint.ready_since} trans={trans} />
    ]);
  }
  if (options.idle_minutes !== null) {
    rows.push([
      trans.__('Stops'),
      trans.__('after %1 min without a request', String(options.idle_minutes))
    ]);
  }
  return (
    <section aria-label={trans.__('Facts')}>
      <dl className="jp-ModelOps-facts">
        {rows.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
        {endpoint.task === 'search' ? null : (
          <>
            <dt>{trans.__('Adapters')}</dt>
            <dd>
              <Adapters model={model} endpoint={endpoint} />
            </dd>
          </>
        )}
      </dl>
      {endpoint.state === 'ready' && endpoint.task !== 'search' && (
        <AddAdapter model={model} endpoint={endpoint} />
      )}
    </section>
  );
}

/** An artifact that a click opens. */
export function Reference(props: { model: EndpointModel; artifact: string }): React.JSX.Element {
  const { artifact, model } = props;
  return (
    <button
      className="jp-ModelOps-link"
      onClick={() => {
        model.workbench.open('artifact', { ref: artifact });
      }}
    >
      {artifact}
    </button>
  );
}

function engine(endpoint: Endpoint, trans: TranslationBundle): string {
  const where =
    endpoint.gpus.length > 0
      ? trans.__('GPU %1', endpoint.gpus.join(', '))
      : trans._n('%1 thread', '%1 threads', endpoint.options.threads ?? 1);
  return `${engineName(endpoint.engine)} · ${where}`;
}

function memory({ memory: used, options }: Endpoint, trans: TranslationBundle): string {
  const said = used === null ? '–' : bytes(used);
  return options.max_memory === null
    ? said
    : trans.__('%1 of %2 allowed', said, bytes(options.max_memory));
}
