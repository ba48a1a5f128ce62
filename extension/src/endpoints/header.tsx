import * as React from 'react';

import type { Endpoint } from '../api';
import { Progress } from '../components';
import { Question } from '../components/question';
import type { EndpointModel } from './model';
import { StateWord } from './state';
import { hasEnded, isChatting } from './states';

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
          {isChatting(endpoint) && (
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
  return (
    <Question
      button={model.busy === 'remove' ? trans.__('Removing…') : trans.__('Remove…')}
      question={trans.__('Remove this endpoint?')}
      consequence={
        hasEnded(endpoint)
          ? trans.__('Its log and keys are lost; what it serves stays.')
          : trans.__('It stops, and its log and keys are lost; what it serves stays.')
      }
      yes={trans.__('Remove it')}
      no={trans.__('Keep it')}
      disabled={model.busy !== null}
      onYes={() => void model.remove()}
    />
  );
}
