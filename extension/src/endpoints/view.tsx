import * as React from 'react';

import type { Endpoint } from '../api';
import { Empty, Problem, Status } from '../components';
import { LogView } from '../run/logview';
import { Facts } from './facts';
import { Header } from './header';
import { Keys } from './keys';
import type { EndpointModel } from './model';
import { Snippets } from './snippets';
import { isServing } from './states';
import { TrafficView } from './traffic';
import { WatchingView } from './watching';

/** An endpoint as it runs or ran. */
export class EndpointView extends WatchingView<EndpointModel> {
  constructor(model: EndpointModel) {
    super(model, model);
    this.addClass('jp-ModelOps-Job');
    this.addClass('jp-ModelOps-Endpoint');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    const { endpoint, feed, workbench } = model;
    const { trans } = workbench;
    const { state } = feed;
    if (state.kind === 'failed') {
      return <Problem problem={state.problem} trans={trans} again={() => void feed.refresh()} />;
    }
    if (endpoint === null) {
      return state.kind === 'loading' ? (
        <p role="status">{trans.__('Asking the server…')}</p>
      ) : (
        <Empty sentence={trans.__('There is no endpoint %1 any more.', model.name)}>
          <button
            className="jp-mod-styled jp-mod-accept"
            onClick={() => {
              workbench.open('serve', {});
            }}
          >
            {trans.__('Serve a model')}
          </button>
        </Empty>
      );
    }
    const used = endpoint.traffic.requests > 0;
    return (
      <>
        <Header model={model} endpoint={endpoint} />
        {model.actions.refusal && <Problem problem={model.actions.refusal} trans={trans} />}
        <Reason model={model} endpoint={endpoint} />
        <Parity model={model} endpoint={endpoint} />
        <div className="jp-ModelOps-beside">
          <Facts model={model} endpoint={endpoint} />
          {(used || isServing(endpoint)) && <TrafficView model={model} endpoint={endpoint} />}
        </div>
        {endpoint.model_names.length > 0 && <Snippets model={model} endpoint={endpoint} />}
        {endpoint.task !== 'search' && <Keys model={model} />}
        <LogView
          log={model.tail}
          whole={workbench.api.endpoints.logUrl(model.name)}
          trans={trans}
        />
      </>
    );
  }
}

/** Why it is not as it should be. */
function Reason(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element | null {
  const { reason, state } = props.endpoint;
  return reason ? (
    <Status
      mood={state === 'failed' ? 'bad' : 'warning'}
      sentence={reason.detail}
      hint={reason.hint}
    />
  ) : null;
}

/** What was found of a name that was compared with its evaluation; `agrees` is `null` where nothing was compared. */
interface IParity {
  readonly name?: unknown;
  readonly agrees?: unknown;
  readonly sentence?: unknown;
}

/** Whether what is served answers as it did when it was evaluated. */
function Parity(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element | null {
  const { trans } = props.model.workbench;
  const found = props.endpoint.parity as readonly IParity[];
  return found.length === 0 ? null : (
    <section aria-label={trans.__('Served as evaluated')}>
      <ul className="jp-ModelOps-parity">
        {found.map(({ agrees, name, sentence }) => (
          <li key={String(name)} data-agrees={String(agrees)}>
            <span className="jp-ModelOps-mark" aria-hidden="true">
              {agrees === true ? '✓' : agrees === false ? '✗' : '○'}
            </span>
            <span>
              {found.length > 1 && <code>{String(name)}</code>} {String(sentence)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
