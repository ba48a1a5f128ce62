import { VDomModel } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Actions } from '../actions';
import type { Endpoint } from '../api';
import { Empty, Problem } from '../components';
import { bytes, count } from '../format';
import type { EndpointsFeed } from './feed';
import { StateWord } from './state';
import { engineName, hasEnded } from './states';
import { WatchingView } from './watching';
import { middleAndSlow, rate } from './wording';

/** All endpoints, and what somebody asks of one in the list. */
export class EndpointsModel extends VDomModel {
  constructor(readonly feed: EndpointsFeed) {
    super();
    feed.stateChanged.connect(this.changed);
  }

  readonly actions = new Actions(() => {
    this.changed();
  });

  stop(name: string): Promise<void> {
    return this.perform(api => api.stop(name));
  }

  restart(name: string): Promise<void> {
    return this.perform(api => api.restart(name));
  }

  override dispose(): void {
    this.feed.stateChanged.disconnect(this.changed);
    super.dispose();
  }

  private perform(
    what: (api: EndpointsFeed['workbench']['api']['endpoints']) => Promise<unknown>
  ): Promise<void> {
    return this.actions.perform(async () => {
      await what(this.feed.workbench.api.endpoints);
      await this.feed.refresh();
    });
  }

  private readonly changed = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };
}

/** All endpoints: how they are, and what passes through them. */
export class EndpointsView extends WatchingView<EndpointsModel> {
  constructor(model: EndpointsModel) {
    super(model, model.feed);
    this.addClass('jp-ModelOps-Jobs');
    this.addClass('jp-ModelOps-Endpoints');
  }

  protected override render(): React.JSX.Element {
    const { actions, feed } = this.model;
    const { workbench } = feed;
    const { trans } = workbench;
    const { state } = feed;
    const serve = (
      <button
        className="jp-mod-styled jp-mod-accept"
        onClick={() => {
          workbench.open('serve', {});
        }}
      >
        {trans.__('Serve a model')}
      </button>
    );
    if (state.kind === 'loading') {
      return <p role="status">{trans.__('Asking the server…')}</p>;
    }
    if (state.kind === 'failed') {
      return <Problem problem={state.problem} trans={trans} again={() => void feed.refresh()} />;
    }
    if (state.value.length === 0) {
      return (
        <Empty
          sentence={trans.__(
            'An endpoint is a running server of a verified model or adapter. It speaks the OpenAI API: chat with it here, or point any client at it.'
          )}
        >
          {serve}
        </Empty>
      );
    }
    return (
      <>
        <div className="jp-ModelOps-row jp-ModelOps-toolbar">
          <h2>{trans.__('Endpoints')}</h2>
          <span className="jp-ModelOps-deeds">{serve}</span>
        </div>
        {actions.refusal && <Problem problem={actions.refusal} trans={trans} />}
        <div className="jp-ModelOps-scrolled" tabIndex={0}>
          <table className="jp-ModelOps-rows" aria-label={trans.__('Endpoints')}>
            <thead>
              <tr>
                <th scope="col">{trans.__('Name')}</th>
                <th scope="col">{trans.__('State')}</th>
                <th scope="col">{trans.__('Serves')}</th>
                <th scope="col">{trans.__('Engine')}</th>
                <th scope="col" title={trans.__('Answered now, and waiting')}>
                  {trans.__('Requests')}
                </th>
                <th scope="col">{trans.__('Tokens/s')}</th>
                <th scope="col">{trans.__('Memory')}</th>
                <th scope="col" title={trans.__('Until an answer ends: the middle, and 95 of 100')}>
                  {trans.__('Latency p50 / p95')}
                </th>
                <th scope="col">{trans.__('Restarts')}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {state.value.map(endpoint => (
                <Row key={endpoint.name} endpoint={endpoint} model={this.model} />
              ))}
            </tbody>
          </table>
        </div>
      </>
    );
  }
}

function Row(props: { endpoint: Endpoint; model: EndpointsModel }): React.JSX.Element {
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
          {state === 'ready' && (
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
