import { Clipboard } from '@jupyterlab/apputils';
import { VDomRenderer } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobDetail } from '../api';
import { Ago, Problem, Status, stateName } from '../components';
import { count, duration, secondsBetween } from '../format';
import { isActive } from '../jobs/states';
import { Cancel } from './cancel';
import { Header } from './header';
import { LogView } from './logview';
import { Measurements } from './measurements';
import type { RunModel } from './model';
import { Outcome } from './outcome';

/** A job as it runs or ran. */
export class RunView extends VDomRenderer<RunModel> {
  /**
   * @param openNotebook - Opens the executed notebook, as far as it is.
   */
  constructor(
    model: RunModel,
    private readonly openNotebook: () => Promise<unknown>
  ) {
    super(model);
    this.addClass('jp-ModelOps-Job');
  }

  protected override render(): React.JSX.Element {
    const { job, problem, workbench } = this.model;
    const { trans } = workbench;
    if (problem) {
      return <Problem problem={problem} trans={trans} />;
    }
    if (job === null) {
      return this.model.lostAt ? (
        <Lost model={this.model} />
      ) : (
        <p role="status">{trans.__('Asking the server…')}</p>
      );
    }
    return (
      <>
        <Header model={this.model} job={job}>
          {isActive(job.state) && <Cancel model={this.model} job={job} />}
        </Header>
        <Lost model={this.model} />
        {this.model.actions.refusal && (
          <Problem problem={this.model.actions.refusal} trans={trans} />
        )}
        <Outcome model={this.model} job={job} />
        <Records model={this.model} job={job} openNotebook={this.openNotebook} />
        <Notes model={this.model} />
        <Measurements model={this.model} />
        <Samples model={this.model} />
        <LogView log={this.model.log} whole={workbench.api.jobFile(job.id, 'log')} trans={trans} />
        <Attempts model={this.model} job={job} />
      </>
    );
  }

  protected override onAfterHide(): void {
    this.model.rest();
  }

  protected override onBeforeShow(): void {
    this.model.resume();
  }
}

function Lost(props: { model: RunModel }): React.JSX.Element | null {
  const { lostAt, workbench } = props.model;
  const { trans } = workbench;
  return lostAt ? (
    <Status
      mood="warning"
      sentence={trans.__(
        'The server cannot be reached. This is how it was at %1; a run goes on without the server.',
        lostAt.toLocaleTimeString()
      )}
      hint={trans.__('It is asked again and again: this page goes on by itself.')}
    />
  ) : null;
}

/** What the run leaves: the notebook, its page, its folder. */
function Records(props: {
  model: RunModel;
  job: JobDetail;
  openNotebook: () => Promise<unknown>;
}): React.JSX.Element | null {
  const { job, model, openNotebook } = props;
  const { trans, api } = model.workbench;
  return (
    <p className="jp-ModelOps-records">
      {job.attempt > 0 && (
        <button
          className="jp-ModelOps-link"
          title={trans.__('A copy, in the folder that the file browser shows')}
          onClick={() => {
            void model.actions.perform(openNotebook);
          }}
        >
          {isActive(job.state)
            ? trans.__('Open the notebook so far')
            : trans.__('Open the executed notebook')}
        </button>
      )}
      {job.attempt > 0 && !isActive(job.state) && (
        <a
          className="jp-ModelOps-link"
          href={api.jobFile(job.id, 'report')}
          target="_blank"
          rel="noopener noreferrer"
        >
          {trans.__('HTML report')}
        </a>
      )}
      <button
        className="jp-ModelOps-link"
        title={job.folder}
        onClick={() => {
          Clipboard.copyToSystem(job.folder);
        }}
      >
        {trans.__('Copy the folder’s path')}
      </button>
      <button
        className="jp-ModelOps-link"
        title={trans.__('Copy the id')}
        onClick={() => {
          Clipboard.copyToSystem(job.id);
        }}
      >
        <code>{job.id}</code>
      </button>
      <Ago time={job.submitted} trans={trans} />
    </p>
  );
}

function Notes(props: { model: RunModel }): React.JSX.Element | null {
  const { journal, workbench } = props.model;
  return journal.notes.length === 0 ? null : (
    <ul className="jp-ModelOps-notes" aria-label={workbench.trans.__('Notes')}>
      {journal.notes.slice(-5).map((note, index) => (
        <li key={index} data-warning={note.warning}>
          <span className="jp-ModelOps-mark" aria-hidden="true" /> {note.text}
        </li>
      ))}
    </ul>
  );
}

function Samples(props: { model: RunModel }): React.JSX.Element | null {
  const { journal, workbench } = props.model;
  const { trans } = workbench;
  const samples = journal.samples.slice(-4);
  return samples.length === 0 ? null : (
    <section aria-label={trans.__('Samples')}>
      <h3>{trans.__('Samples')}</h3>
      <p className="jp-ModelOps-prompt">{samples.at(-1)?.prompt}</p>
      <div className="jp-ModelOps-samples">
        {samples.map((sample, index) => (
          <figure key={index}>
            <figcaption>{moment(sample.step, trans)}</figcaption>
            <blockquote>{sample.text}</blockquote>
          </figure>
        ))}
      </div>
    </section>
  );
}

function moment(step: number | null, trans: TranslationBundle): string {
  if (step === null) {
    return trans.__('answer');
  }
  return step === 0 ? trans.__('before training') : trans.__('after step %1', count(step));
}

/** The attempts, where there were several. */
function Attempts(props: { model: RunModel; job: JobDetail }): React.JSX.Element | null {
  const { attempts } = props.job;
  const { trans } = props.model.workbench;
  return attempts.length < 2 ? null : (
    <section aria-label={trans.__('Attempts')}>
      <h3>{trans.__('Attempts')}</h3>
      <ol className="jp-ModelOps-attempts">
        {attempts.map(attempt => (
          <li key={attempt.attempt}>
            {attempt.outcome ? stateName(attempt.outcome, trans) : trans.__('at work')} ·{' '}
            {duration(secondsBetween(attempt.started, attempt.finished))}
            {attempt.reason && <> · {attempt.reason.message}</>}
          </li>
        ))}
      </ol>
    </section>
  );
}
