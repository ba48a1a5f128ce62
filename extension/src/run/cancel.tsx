import * as React from 'react';

import type { JobDetail } from '../api';
import type { RunModel } from './model';

/** Cancels a run after a question in place, which says what is kept. */
export function Cancel(props: { model: RunModel; job: JobDetail }): React.JSX.Element {
  const { job, model } = props;
  const { trans } = model.workbench;
  const [asked, ask] = React.useState(false);
  if (job.cancel_requested) {
    return <span role="status">{trans.__('Cancelling: the running cell is interrupted…')}</span>;
  }
  return asked ? (
    <span className="jp-ModelOps-question" role="group" aria-label={trans.__('Cancel this run?')}>
      {kept(props)}{' '}
      <button
        className="jp-mod-styled jp-mod-warn"
        onClick={() => {
          ask(false);
          void model.cancel();
        }}
      >
        {trans.__('Cancel the run')}
      </button>
      <button
        className="jp-mod-styled"
        autoFocus
        onClick={() => {
          ask(false);
        }}
      >
        {trans.__('Keep running')}
      </button>
    </span>
  ) : (
    <button
      className="jp-mod-styled"
      onClick={() => {
        ask(true);
      }}
    >
      {trans.__('Cancel…')}
    </button>
  );
}

function kept(props: { model: RunModel; job: JobDetail }): string {
  const { trans } = props.model.workbench;
  if (props.job.state === 'queued') {
    return trans.__('It has not begun: nothing is lost.');
  }
  return props.job.resumable
    ? trans.__(
        'Kept: the notebook so far, the log, and the last checkpoint, from which it can go on.'
      )
    : trans.__('Kept: the notebook so far and the log. Nothing that it made is registered.');
}
