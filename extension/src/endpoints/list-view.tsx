import * as React from 'react';

import { Empty, Problem } from '../components';
import type { EndpointsModel } from './list';
import { Row } from './row';
import { WatchingView } from './watching';

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
