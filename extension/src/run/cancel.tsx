import * as React from 'react';

import type { JobDetail } from '../api';
import { Question } from '../components/question';
import type { RunModel } from './model';

/** Cancels a run after a question in place, which says what is kept. */
export function Cancel(props: { model: RunModel; job: JobDetail }): React.JSX.Element {
  const { job, model } = props;
  const { trans } = model.workbench;
  if (job.cancel_requested) {
    return <span role="status">{trans.__('Cancelling: the running cell is interrupted…')}</span>;
  }
  return (
    <Question
      button={trans.__('Cancel…')}
      question={trans.__('Cancel this run?')}
      consequence={kept(props)}
      yes={trans.__('Cancel the run')}
      no={trans.__('Keep running')}
      onYes={() => void model.cancel()}
    />
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
