import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Job } from '../api';
import { Ago, Empty, Problem, StateMark } from '../components';
import type { IWorkbench } from '../tokens';
import type { SidebarModel } from './model';

/** The left sidebar: what runs, what ran, what was made, and the button that starts something new. */
export class SidebarView extends VDomRenderer<SidebarModel> {
  protected override render(): React.JSX.Element {
    const { active, recent, state, workbench } = this.model;
    const { trans } = workbench;
    return (
      <>
        <button
          className="jp-mod-styled jp-mod-accept"
          onClick={() => {
            workbench.open('run', {});
          }}
        >
          {trans.__('New run')}
        </button>
        {state.kind === 'failed' && (
          <Problem problem={state.problem} trans={trans} again={() => void this.model.refresh()} />
        )}
        {state.kind === 'ready' && state.value.length === 0 && (
          <Empty sentence={trans.__('What you run appears here, and stays.')} />
        )}
        <Jobs title={trans.__('Running')} jobs={active} workbench={workbench} />
        <Jobs title={trans.__('Recent')} jobs={recent} workbench={workbench} />
      </>
    );
  }
}

function Jobs(props: {
  title: string;
  jobs: readonly Job[];
  workbench: IWorkbench;
}): React.JSX.Element | null {
  const { jobs, title, workbench } = props;
  return jobs.length === 0 ? null : (
    <section aria-label={title}>
      <h3>{title}</h3>
      <ul className="jp-ModelOps-list">
        {jobs.map(job => (
          <li key={job.id}>
            <button
              onClick={() => {
                workbench.open('run', { job: job.id });
              }}
            >
              <StateMark state={job.state} trans={workbench.trans} />
              <span className="jp-ModelOps-name">{job.name}</span>
              <Ago time={job.submitted} trans={workbench.trans} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
