import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobDetail } from '../api';
import { Progress, StateMark, stateName } from '../components';
import { bytes, count, duration, secondsBetween } from '../format';
import { isActive } from '../jobs/states';
import { percent } from '../jobs/wording';
import type { ICell } from './journal';
import type { RunModel } from './model';

/** Render anew every second while something runs: clocks go on between events. */
export function useClock(runs: boolean): void {
  const [, tick] = React.useReducer((ticks: number) => ticks + 1, 0);
  React.useEffect(() => {
    const timer = runs ? setInterval(tick, 1000) : null;
    return () => {
      if (timer !== null) {
        clearInterval(timer);
      }
    };
  }, [runs]);
}

/** The run's name and state, how far it is, and what can be done with it. */
export function Header(props: {
  model: RunModel;
  job: JobDetail;
  children?: React.ReactNode;
}): React.JSX.Element {
  const { children, job, model } = props;
  const { trans } = model.workbench;
  const active = isActive(job.state);
  useClock(active);
  return (
    <header className="jp-ModelOps-header">
      <div className="jp-ModelOps-row">
        <h2>
          <StateMark state={job.state} trans={trans} /> {job.name}
        </h2>
        <span className="jp-ModelOps-hint">{facts(job, trans).join(' · ')}</span>
        <span className="jp-ModelOps-deeds">{children}</span>
      </div>
      <Steps job={job} trans={trans} />
      {job.state !== 'queued' && <Cells model={model} active={active} />}
      {job.state === 'queued' && <p>{waitsFor(job, trans)}</p>}
    </header>
  );
}

function facts(job: JobDetail, trans: TranslationBundle): string[] {
  const found = [job.template_title || job.template];
  if (job.started !== null) {
    found.push(duration(secondsBetween(job.started, job.finished)));
  }
  if (job.gpus.length > 0) {
    found.push(trans.__('GPU %1', job.gpus.join(', ')));
  }
  if (job.peak_memory !== null) {
    found.push(trans.__('peak memory %1', bytes(job.peak_memory)));
  }
  return found;
}

/** The way of every run, as a line of steps; `cancelled` and the like end it where it was. */
function Steps(props: { job: JobDetail; trans: TranslationBundle }): React.JSX.Element {
  const { job, trans } = props;
  const { state } = job;
  const names: Record<string, string> = {
    queued: trans.__('Queued'),
    starting: trans.__('Starting'),
    running: trans.__('Running'),
    finalizing: trans.__('Signing and storing')
  };
  const order = Object.keys(names);
  const at = order.indexOf(state);
  // Where one has ended that did not succeed is not known: it has at least begun, or not.
  const passed = state === 'succeeded' ? order.length : job.started === null ? 1 : 2;
  return (
    <ol className="jp-ModelOps-steps" aria-label={trans.__('Phases')}>
      {order.map((name, index) => (
        <li
          key={name}
          data-done={index < (at === -1 ? passed : at)}
          aria-current={index === at ? 'step' : undefined}
        >
          {names[name]}
        </li>
      ))}
      <li
        data-done={state === 'succeeded'}
        aria-current={isActive(state) ? undefined : 'step'}
        data-end={state}
      >
        {isActive(state) ? trans.__('Done') : stateName(state, trans)}
      </li>
    </ol>
  );
}

/** Which cell runs, and how far it is. */
function Cells(props: { model: RunModel; active: boolean }): React.JSX.Element {
  const { active, model } = props;
  const { cell, cells, fraction, journal } = model;
  const { trans } = model.workbench;
  return (
    <>
      <div className="jp-ModelOps-cells" aria-hidden="true">
        {cells.map(one => (
          <span key={one.number} data-state={one.state} title={cellTitle(one, trans)} />
        ))}
      </div>
      {cell && (
        <p className="jp-ModelOps-row">
          <span role="status" aria-live="polite">
            {trans.__('Cell %1 of %2', cell.number, cells.length)}
          </span>
          <code className="jp-ModelOps-line">{cell.firstLine}</code>
          {active && <span className="jp-ModelOps-pace">{pace(model, trans)}</span>}
        </p>
      )}
      {active && journal.progress.known && (
        <Progress label={journal.progress.phase || trans.__('Progress')} fraction={fraction} />
      )}
    </>
  );
}

function cellTitle(cell: ICell, trans: TranslationBundle): string {
  const time = cell.seconds === null ? '' : ` (${duration(cell.seconds)})`;
  return trans.__('Cell %1: %2', cell.number, cell.firstLine) + time;
}

/** How far it is, in words: `training: 31 of 50 steps · 62 % · 3:10 left`. */
function pace(model: RunModel, trans: TranslationBundle): string {
  const { progress } = model.journal;
  if (!progress.known) {
    return '';
  }
  const done = count(progress.done);
  const steps =
    progress.total === null
      ? `${done} ${progress.unit}`
      : trans.__('%1 of %2 %3', done, count(progress.total), progress.unit);
  const left = progress.secondsLeft();
  return [
    progress.phase ? `${progress.phase}: ${steps}` : steps,
    progress.fraction === null ? '' : percent(progress.fraction),
    left === null ? '' : trans.__('%1 left', left < 10 ? `${Math.ceil(left)} s` : duration(left))
  ]
    .filter(Boolean)
    .join(' · ');
}

/** Why a job in the queue does not run yet. */
function waitsFor(job: JobDetail, trans: TranslationBundle): string {
  if (job.needs.length > 0) {
    return trans.__('It starts when %1 has succeeded.', job.needs.join(', '));
  }
  if (job.ahead > 0) {
    return trans._n(
      '%1 job is ahead of it in the queue.',
      '%1 jobs are ahead of it in the queue.',
      job.ahead
    );
  }
  const { cpus, gpus, memory } = job.resources;
  const wanted = [
    trans._n('%1 core', '%1 cores', cpus),
    gpus ? trans._n('%1 GPU', '%1 GPUs', gpus) : '',
    memory > 0 ? trans.__('%1 of memory', bytes(memory)) : ''
  ];
  return trans.__(
    'It is the next one: it starts when %1 are free.',
    wanted.filter(Boolean).join(', ')
  );
}
