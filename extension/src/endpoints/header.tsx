import * as React from 'react';

import type { Endpoint } from '../api';
import { Progress } from '../components';
import type { EndpointModel } from './model';
import { StateWord } from './state';
import { hasEnded } from './states';

/** The endpoint's name and state, what it does now, and what can be done with it. */
export function Header(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element {
  const { endpoint, model } = props;
  const { workbench } = model;
  const { trans } = workbench;
  const { name, state, text } = endpoint;
  const busy = model.busy !== null;
  const comes = state === 'starting' || state === 'restarting';
  return (
    <header className="jp-ModelOps-header">
      <div className="jp-ModelOps-row">
        <h2>{name}</h2>
        <span role="status" aria-live="polite">
          <StateWord state={state} trans={trans} />
          {text && <span className="jp-ModelOps-phase"> · {text}</span>}
        </span>
        <span className="jp-ModelOps-deeds">
          {state === 'ready' && (
            <button
              className="jp-mod-styled jp-mod-accept"
              onClick={() => {
                workbench.open('chat', { endpoints: [name] });
              }}
            >
              {trans.__('Chat')}
            </button>
          )}
          {!hasEnded(endpoint) && (
            <button
              className="jp-mod-styled"
              disabled={busy || state === 'stopping'}
              onClick={() => void model.stop()}
            >
              {model.busy === 'stop' ? trans.__('Stopping…') : trans.__('Stop')}
            </button>
          )}
          <button
            className={`jp-mod-styled ${hasEnded(endpoint) ? 'jp-mod-accept' : ''}`}
            disabled={busy}
            onClick={() => void model.restart()}
          >
            {hasEnded(endpoint) ? trans.__('Start again') : trans.__('Restart')}
          </button>
          <Remove model={model} endpoint={endpoint} />
        </span>
      </div>
      {comes && <Progress label={text || trans.__('starting')} fraction={null} />}
    </header>
  );
}

/** Removes an endpoint after a question in place, which says what is lost. */
function Remove(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element {
  const { endpoint, model } = props;
  const { trans } = model.workbench;
  const [asked, ask] = React.useState(false);
  const gone = hasEnded(endpoint)
    ? trans.__('Its log and keys are lost; what it serves stays.')
    : trans.__('It stops, and its log and keys are lost; what it serves stays.');
  return asked ? (
    <span
      className="jp-ModelOps-question"
      role="group"
      aria-label={trans.__('Remove this endpoint?')}
    >
      {gone}{' '}
      <button
        className="jp-mod-styled jp-mod-warn"
        onClick={() => {
          ask(false);
          void model.remove();
        }}
      >
        {trans.__('Remove it')}
      </button>
      <button
        className="jp-mod-styled"
        autoFocus
        onClick={() => {
          ask(false);
        }}
      >
        {trans.__('Keep it')}
      </button>
    </span>
  ) : (
    <button
      className="jp-mod-styled"
      disabled={model.busy !== null}
      onClick={() => {
        ask(true);
      }}
    >
      {model.busy === 'remove' ? trans.__('Removing…') : trans.__('Remove…')}
    </button>
  );
}
