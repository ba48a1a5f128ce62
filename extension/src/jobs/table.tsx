import {
  closeIcon,
  html5Icon,
  LabIcon,
  notebookIcon,
  refreshIcon,
  stopIcon
} from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Job, ListedJob } from '../api';
import { Ago, StateMark, stateName } from '../components';
import { duration, secondsBetween } from '../format';
import type { JobsModel, SortKey } from './model';
import { isActive } from './states';
import { fractionOf, keyMetric, percent } from './wording';

interface ITable {
  readonly model: JobsModel;
  readonly openNotebook: (job: Job) => Promise<unknown>;
}

/** A page of jobs. The arrow keys go from row to row. */
export function JobsTable(props: ITable): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  return (
    <div className="jp-ModelOps-scrolled">
      <table
        className="jp-ModelOps-rows"
        aria-label={trans.__('Jobs')}
        aria-busy={model.state.kind === 'loading'}
      >
        <thead>
          <tr>
            <th scope="col">
              <span className="jp-ModelOps-unseen">{trans.__('Select')}</span>
            </th>
            <Column model={model} sort="state" label={trans.__('State')} />
            <Column model={model} sort="name" label={trans.__('Name')} />
            <Column model={model} sort="template" label={trans.__('Template')} />
            <Column model={model} sort="submitted" label={trans.__('Submitted')} />
            <Column model={model} sort="duration" label={trans.__('Duration')} />
            <th scope="col">{trans.__('Measured')}</th>
            <th scope="col">{trans.__('Made')}</th>
            <th scope="col">
              <span className="jp-ModelOps-unseen">{trans.__('Actions')}</span>
            </th>
          </tr>
        </thead>
        <tbody onKeyDown={byArrows}>
          {model.jobs.map(job => (
            <Row key={job.id} {...props} job={job} selected={model.picked.has(job.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Column(props: { model: JobsModel; sort: SortKey; label: string }): React.JSX.Element {
  const { label, model, sort } = props;
  const { query } = model;
  const sorted = query.sort === sort;
  const order = query.descending ? 'descending' : 'ascending';
  return (
    <th scope="col" aria-sort={sorted ? order : undefined}>
      <button
        onClick={() => {
          model.sortBy(sort);
        }}
      >
        {label}
        <span aria-hidden="true">{sorted ? (query.descending ? ' ▾' : ' ▴') : ''}</span>
      </button>
    </th>
  );
}

function Row(props: ITable & { job: ListedJob; selected: boolean }): React.JSX.Element {
  const { job, model, selected } = props;
  const { trans } = model.workbench;
  const fraction = isActive(job.state) ? fractionOf(job) : null;
  return (
    <tr aria-selected={selected}>
      <td>
        <input
          type="checkbox"
          aria-label={trans.__('Select %1', job.name)}
          checked={selected}
          onChange={event => {
            model.picked.set(job.id, event.target.checked);
          }}
        />
      </td>
      <td className="jp-ModelOps-nowrap">
        <StateMark state={job.state} trans={trans} />{' '}
        <span aria-hidden="true">
          {stateName(job.state, trans)} {fraction === null ? '' : percent(fraction)}
        </span>
      </td>
      <th scope="row">
        <button
          className="jp-ModelOps-link"
          title={job.id}
          data-row
          onClick={() => {
            model.workbench.open('run', { job: job.id });
          }}
        >
          {job.name}
        </button>
        {job.reason && job.state !== 'cancelled' && (
          <div className="jp-ModelOps-hint jp-ModelOps-reason" title={job.reason.message}>
            {job.reason.message}
          </div>
        )}
      </th>
      <td>{job.template}</td>
      <td className="jp-ModelOps-nowrap">
        <Ago time={job.submitted} trans={trans} />
      </td>
      <td className="jp-ModelOps-figure">
        {job.started === null ? '' : duration(secondsBetween(job.started, job.finished))}
      </td>
      <td className="jp-ModelOps-nowrap">{keyMetric(job, trans)}</td>
      <td className="jp-ModelOps-nowrap">
        {job.artifacts.map(ref => (
          <button
            key={ref}
            className="jp-ModelOps-link"
            onClick={() => {
              model.workbench.open('artifact', { ref });
            }}
          >
            {ref}
          </button>
        ))}
      </td>
      <td>
        <Actions {...props} />
      </td>
    </tr>
  );
}

function Actions(props: ITable & { job: Job }): React.JSX.Element {
  const { job, model, openNotebook } = props;
  const { api, trans } = model.workbench;
  const [asked, ask] = React.useState(false);
  if (asked && isActive(job.state)) {
    return (
      <span className="jp-ModelOps-deeds" role="group" aria-label={trans.__('Cancel it?')}>
        <button
          className="jp-mod-styled jp-mod-warn"
          onClick={() => {
            ask(false);
            void model.cancel(job.id);
          }}
        >
          {trans.__('Cancel the run')}
        </button>
        <Action
          icon={closeIcon}
          label={trans.__('Keep running')}
          act={() => {
            ask(false);
          }}
        />
      </span>
    );
  }
  return (
    <span className="jp-ModelOps-deeds jp-ModelOps-few">
      {isActive(job.state) && !job.cancel_requested && (
        <Action
          icon={stopIcon}
          label={trans.__('Cancel %1…', job.name)}
          act={() => {
            ask(true);
          }}
        />
      )}
      {job.attempt > 0 && (
        <Action
          icon={notebookIcon}
          label={trans.__('Open the executed notebook of %1', job.name)}
          act={() => void model.actions.perform(() => openNotebook(job))}
        />
      )}
      {job.attempt > 0 && !isActive(job.state) && (
        <a
          className="jp-ModelOps-glyph"
          href={api.jobFile(job.id, 'report')}
          target="_blank"
          rel="noopener noreferrer"
          aria-label={trans.__('HTML report of %1', job.name)}
          title={trans.__('HTML report of %1', job.name)}
        >
          <html5Icon.react tag="span" elementSize="normal" />
        </a>
      )}
      <Action
        icon={refreshIcon}
        label={trans.__('Run %1 again with changes', job.name)}
        act={() => {
          model.workbench.open('run', { again: job.id });
        }}
      />
    </span>
  );
}

function Action(props: { icon: LabIcon; label: string; act: () => void }): React.JSX.Element {
  const { act, icon, label } = props;
  return (
    <button className="jp-ModelOps-glyph" title={label} aria-label={label} onClick={act}>
      <icon.react tag="span" elementSize="normal" />
    </button>
  );
}

/** Let the arrow keys move between rows, within the column that has the focus. */
function byArrows(event: React.KeyboardEvent<HTMLElement>): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const cell = (event.target as HTMLElement).closest('td, th');
  const row = cell?.parentElement;
  if (step === undefined || !cell || !row?.parentElement) {
    return;
  }
  const rows = [...row.parentElement.children];
  const next = rows[rows.indexOf(row) + step];
  const column = [...row.children].indexOf(cell);
  const place = next?.children[column]?.querySelector<HTMLElement>('button, input, a');
  const target = place ?? next?.querySelector<HTMLElement>('[data-row]');
  if (target) {
    event.preventDefault();
    target.focus();
  }
}
