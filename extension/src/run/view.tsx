import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem, StateMark, stateName } from '../components';
import type { RunModel } from './model';

/** A job as it runs or ran. */
export class RunView extends VDomRenderer<RunModel> {
  protected override render(): React.JSX.Element {
    const { job, problem, workbench } = this.model;
    const { trans } = workbench;
    if (problem) {
      return <Problem problem={problem} trans={trans} />;
    }
    return job === null ? (
      <p>{trans.__('Asking the server…')}</p>
    ) : (
      <p>
        <StateMark state={job.state} trans={trans} /> {job.name} {stateName(job.state, trans)}
      </p>
    );
  }
}
