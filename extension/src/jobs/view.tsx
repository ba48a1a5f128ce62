import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { Job } from '../api';
import { Empty, Problem, stateName } from '../components';
import { Compare } from '../components/compare';
import { Pages } from '../components/pages';
import { JobsModel, MOST_COMPARED, PAGE } from './model';
import { ACTIVE, ENDED } from './states';
import { JobsTable } from './table';

/** All jobs: to be searched, filtered, sorted, compared and run again. */
export class JobsView extends VDomRenderer<JobsModel> {
  /**
   * @param openNotebook - Opens the executed notebook of a job.
   */
  constructor(
    model: JobsModel,
    private readonly openNotebook: (job: Job) => Promise<unknown>
  ) {
    super(model);
    this.addClass('jp-ModelOps-Jobs');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    const { state, workbench } = model;
    const { trans } = workbench;
    const nothing = state.kind === 'ready' && state.value.total === 0;
    if (nothing && model.unfiltered) {
      return (
        <Empty
          sentence={trans.__(
            'A job runs a notebook and keeps what came of it: the executed notebook, its log and curves, and a signed result.'
          )}
        >
          <button
            className="jp-mod-styled jp-mod-accept"
            onClick={() => {
              workbench.open('run', {});
            }}
          >
            {trans.__('New run')}
          </button>
        </Empty>
      );
    }
    return (
      <>
        <Toolbar model={model} />
        {model.actions.refusal && <Problem problem={model.actions.refusal} trans={trans} />}
        {state.kind === 'loading' && <p role="status">{trans.__('Asking the server…')}</p>}
        {state.kind === 'failed' && (
          <Problem problem={state.problem} trans={trans} again={() => void model.page.refresh()} />
        )}
        {nothing && (
          <Empty sentence={trans.__('No job is like that.')}>
            <button
              className="jp-mod-styled"
              onClick={() => {
                model.look({ search: '', states: null, template: '' });
              }}
            >
              {trans.__('Show all jobs')}
            </button>
          </Empty>
        )}
        {model.jobs.length > 0 && <JobsTable model={model} openNotebook={this.openNotebook} />}
        <Pages
          offset={model.query.offset}
          size={PAGE}
          total={model.page.value?.total ?? 0}
          turn={offset => {
            model.look({ offset });
          }}
          trans={trans}
        />
      </>
    );
  }
}

function Toolbar(props: { model: JobsModel }): React.JSX.Element {
  const { model } = props;
  const { query, workbench } = model;
  const { trans } = workbench;
  const templates = model.templates.value ?? [];
  const groups = { active: ACTIVE, ended: ENDED };
  const chosen =
    Object.entries(groups).find(([, states]) => query.states === states)?.[0] ??
    query.states?.[0] ??
    '';
  return (
    <div className="jp-ModelOps-row jp-ModelOps-toolbar" role="search">
      <input
        type="search"
        placeholder={trans.__('Search name, template, artifact…')}
        aria-label={trans.__('Search jobs')}
        value={query.search}
        onChange={event => {
          model.look({ search: event.target.value });
        }}
      />
      <select
        aria-label={trans.__('State')}
        value={chosen}
        onChange={event => {
          const { value } = event.target;
          const states =
            value in groups
              ? groups[value as keyof typeof groups]
              : [...ACTIVE, ...ENDED].filter(state => state === value);
          model.look({ states: value === '' ? null : states });
        }}
      >
        <option value="">{trans.__('Any state')}</option>
        <option value="active">{trans.__('at work or waiting')}</option>
        <option value="ended">{trans.__('ended')}</option>
        {[...ACTIVE, ...ENDED].map(state => (
          <option key={state} value={state}>
            {stateName(state, trans)}
          </option>
        ))}
      </select>
      <select
        aria-label={trans.__('Template')}
        value={query.template}
        onChange={event => {
          model.look({ template: event.target.value });
        }}
      >
        <option value="">{trans.__('Any template')}</option>
        {templates.map(name => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <span className="jp-ModelOps-deeds">
        <Compare
          picked={model.picked}
          title={trans.__('Select two to %1 jobs to compare them', MOST_COMPARED)}
          compare={jobs => {
            workbench.open('comparison', { jobs });
          }}
          trans={trans}
        />
        <button
          className="jp-mod-styled jp-mod-accept"
          onClick={() => {
            workbench.open('run', {});
          }}
        >
          {trans.__('New run')}
        </button>
      </span>
    </div>
  );
}
