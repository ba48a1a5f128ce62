import * as React from 'react';

import type { Endpoint, Job, ListedJob } from '../api';
import { kindsName } from '../artifacts/kinds';
import { Ago, Empty, Problem, Progress, StateMark } from '../components';
import { StateWord } from '../endpoints/state';
import { WatchingView } from '../endpoints/watching';
import { speed } from '../endpoints/wording';
import { count } from '../format';
import { fractionOf, keyMetric, percent, timeLeft } from '../jobs/wording';
import type { IWorkbench } from '../tokens';
import type { SidebarModel } from './model';

const RECENT = 8;

/** The left sidebar: what runs, what ran, what was made, and the button that starts something new. */
export class SidebarView extends WatchingView<SidebarModel> {
  constructor(model: SidebarModel) {
    super(model, model.endpoints);
  }

  protected override render(): React.JSX.Element {
    const { artifacts, endpoints, feed, workbench } = this.model;
    const { trans } = workbench;
    const { active, ended, state } = feed;
    return (
      <>
        <button
          className="jp-mod-styled jp-mod-accept jp-ModelOps-new"
          onClick={() => {
            workbench.open('run', {});
          }}
        >
          {trans.__('+ New run')}
        </button>
        {state.kind === 'loading' && <p role="status">{trans.__('Asking the server…')}</p>}
        {state.kind === 'failed' && (
          <Problem problem={state.problem} trans={trans} again={() => void feed.refresh()} />
        )}
        {state.kind === 'ready' && active.length + ended.length === 0 && (
          <Empty sentence={trans.__('What you run appears here, and stays.')} />
        )}
        {active.length > 0 && (
          <Section title={trans.__('Running')}>
            {active.map(job => (
              <Active key={job.id} job={job} workbench={workbench} />
            ))}
          </Section>
        )}
        {ended.length > 0 && (
          <Section
            title={trans.__('Recent')}
            more={{
              label: trans.__('All jobs'),
              open: () => {
                workbench.open('jobs', {});
              }
            }}
          >
            {ended.slice(0, RECENT).map(job => (
              <Ended key={job.id} job={job} workbench={workbench} />
            ))}
          </Section>
        )}
        {endpoints.endpoints.length > 0 && (
          <Section
            title={trans.__('Endpoints')}
            more={{
              label: trans.__('All endpoints'),
              open: () => {
                workbench.open('endpoints', {});
              }
            }}
          >
            {endpoints.running.map(endpoint => (
              <Running key={endpoint.name} endpoint={endpoint} workbench={workbench} />
            ))}
          </Section>
        )}
        {artifacts.value && artifacts.value.length > 0 && (
          <Section title={trans.__('Artifacts')}>
            {artifacts.value.map(shelf => (
              <li key={shelf.kind}>
                <button
                  onClick={() => {
                    workbench.open('artifacts', { kind: shelf.kind });
                  }}
                >
                  <span aria-hidden="true">◈</span>
                  <span className="jp-ModelOps-name">{kindsName(shelf.kind, trans)}</span>
                  <span className="jp-ModelOps-hint">{count(shelf.count)}</span>
                </button>
              </li>
            ))}
          </Section>
        )}
      </>
    );
  }
}

function Section(props: {
  title: string;
  more?: { label: string; open: () => void };
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <section aria-label={props.title}>
      <h3>
        {props.title}
        {props.more && (
          <button className="jp-ModelOps-link" onClick={props.more.open}>
            {props.more.label}
          </button>
        )}
      </h3>
      <ul className="jp-ModelOps-list">{props.children}</ul>
    </section>
  );
}

function Active(props: { job: ListedJob; workbench: IWorkbench }): React.JSX.Element {
  const { job, workbench } = props;
  const { trans } = workbench;
  const fraction = fractionOf(job);
  const waits = job.state === 'queued';
  return (
    <li>
      <button
        className="jp-ModelOps-active"
        onClick={() => {
          workbench.open('run', { job: job.id });
        }}
      >
        <span className="jp-ModelOps-row">
          <StateMark state={job.state} trans={trans} />
          <span className="jp-ModelOps-name">{job.name}</span>
          {fraction === null ? (
            <Ago time={job.submitted} trans={trans} />
          ) : (
            <span>{percent(fraction)}</span>
          )}
        </span>
        {!waits && <Progress label={job.name} fraction={fraction} />}
        <span className="jp-ModelOps-row jp-ModelOps-hint">
          <span className="jp-ModelOps-name">{keyMetric(job, trans) || job.progress?.phase}</span>
          <span title={trans.__('Time left')}>{timeLeft(job)}</span>
        </span>
      </button>
    </li>
  );
}

function Ended(props: { job: Job; workbench: IWorkbench }): React.JSX.Element {
  const { job, workbench } = props;
  const { trans } = workbench;
  const failed = job.state === 'failed' || job.state === 'interrupted';
  return (
    <li>
      <button
        title={job.reason?.message}
        onClick={() => {
          workbench.open('run', { job: job.id });
        }}
      >
        <StateMark state={job.state} trans={trans} />
        <span className="jp-ModelOps-name">{job.name}</span>
        {failed && <span className="jp-ModelOps-why">{trans.__('why?')}</span>}
        <Ago time={job.finished ?? job.submitted} trans={trans} />
      </button>
    </li>
  );
}

function Running(props: { endpoint: Endpoint; workbench: IWorkbench }): React.JSX.Element {
  const { endpoint, workbench } = props;
  const { trans } = workbench;
  const { name, reason, state, text } = endpoint;
  return (
    <li>
      <button
        title={reason?.detail ?? (text || undefined)}
        onClick={() => {
          workbench.open('serve', { endpoint: name });
        }}
      >
        <StateWord state={state} trans={trans} short={state === 'ready'} />
        <span className="jp-ModelOps-name">{name}</span>
        {state === 'ready' && <span className="jp-ModelOps-hint">{speed(endpoint, trans)}</span>}
      </button>
    </li>
  );
}
