import { VDomRenderer } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ComparedValue, JobComparison } from '../api';
import { Problem, StateMark } from '../components';
import { Swatch } from '../curves/swatch';
import { Curves } from '../curves/view';
import { duration, measured, secondsBetween } from '../format';
import { ComparisonModel, labelled } from './model';

/** Two to eight jobs side by side: their curves over each other, and what differs between them. */
export class ComparisonView extends VDomRenderer<ComparisonModel> {
  constructor(model: ComparisonModel) {
    super(model);
    this.addClass('jp-ModelOps-Comparison');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    const { state, workbench } = model;
    const { trans } = workbench;
    if (state.kind === 'failed') {
      return <Problem problem={state.problem} trans={trans} again={() => void model.refresh()} />;
    }
    if (state.kind === 'loading') {
      return <p role="status">{trans.__('Asking the server…')}</p>;
    }
    const { environment, inputs, parameters } = state.value;
    return (
      <>
        <div className="jp-ModelOps-row">
          <h2>{trans.__('%1 jobs side by side', model.ids.length)}</h2>
          <label className="jp-ModelOps-deeds">
            <input
              type="checkbox"
              checked={model.all}
              onChange={event => {
                model.all = event.target.checked;
              }}
            />
            {trans.__('Also what is the same')}
          </label>
        </div>
        <section className="jp-ModelOps-charts" aria-label={trans.__('Metrics')}>
          {model.overlays.map(overlay => (
            <Curves
              key={overlay.key}
              title={overlay.title}
              curves={overlay.curves}
              sync={model.ids.join(' ')}
              revision={0}
              trans={trans}
            />
          ))}
        </section>
        <div className="jp-ModelOps-wide">
          <table className="jp-ModelOps-rows">
            <Heads model={model} comparison={state.value} />
            <Rows title={trans.__('Parameters')} rows={parameters} model={model} />
            <Rows title={trans.__('Inputs')} rows={inputs} model={model} />
            <Rows
              title={trans.__('Environment')}
              rows={environment}
              model={model}
              unknown={trans.__('Of one of them the packages are not known yet.')}
            />
            <Metrics comparison={state.value} trans={trans} />
          </table>
        </div>
      </>
    );
  }
}

function Heads(props: { model: ComparisonModel; comparison: JobComparison }): React.JSX.Element {
  const { comparison, model } = props;
  const { workbench } = model;
  const labels = labelled(comparison);
  return (
    <thead>
      <tr>
        <td />
        {comparison.jobs.map((job, index) => (
          <th key={job.id} scope="col">
            <Swatch index={index} />
            <StateMark state={job.state} trans={workbench.trans} />{' '}
            <button
              className="jp-ModelOps-link"
              title={job.id}
              onClick={() => {
                workbench.open('run', { job: job.id });
              }}
            >
              {labels[index]}
            </button>
            <div className="jp-ModelOps-hint">
              {job.started === null ? '' : duration(secondsBetween(job.started, job.finished))}
            </div>
          </th>
        ))}
      </tr>
    </thead>
  );
}

function Rows(props: {
  title: string;
  rows: readonly ComparedValue[] | null;
  model: ComparisonModel;
  unknown?: string;
}): React.JSX.Element {
  const { model, rows, title, unknown } = props;
  const { trans } = model.workbench;
  const shown = (rows ?? []).filter(row => row.differs || model.all);
  const columns = model.ids.length + 1;
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={columns}>
          {title}
        </th>
      </tr>
      {shown.map(row => (
        <tr key={row.name} data-differs={row.differs}>
          <th scope="row">
            {row.differs && <span title={trans.__('differs')}>≠ </span>}
            {row.name}
          </th>
          {row.values.map((value, index) => (
            <td key={index}>
              <code>{shownValue(value)}</code>
            </td>
          ))}
        </tr>
      ))}
      {shown.length === 0 && (
        <tr>
          <td colSpan={columns} className="jp-ModelOps-hint">
            {rows === null ? unknown : trans.__('No difference.')}
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** The last values: what the curves say, in words. */
function Metrics(props: {
  comparison: JobComparison;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { metrics, jobs } = props.comparison;
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={jobs.length + 1}>
          {props.trans.__('Last measured')}
        </th>
      </tr>
      {Object.entries(metrics).map(([name, curves]) => (
        <tr key={name}>
          <th scope="row">{name}</th>
          {curves.map((points, index) => {
            const last = points.at(-1)?.[1] ?? null;
            return (
              <td key={index} className="jp-ModelOps-figure">
                {last === null ? '–' : measured(last)}
              </td>
            );
          })}
        </tr>
      ))}
    </tbody>
  );
}

/** A value in a cell; of pinned references, what a person calls them. */
function shownValue(value: unknown): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (Array.isArray(value)) {
    return value.map(shownValue).join(', ');
  }
  if (typeof value === 'object') {
    const { digest, ref } = value as { digest?: unknown; ref?: unknown };
    return typeof ref === 'string'
      ? `${ref} ${typeof digest === 'string' ? digest.slice(0, 8) : ''}`.trim()
      : JSON.stringify(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
