import { VDomRenderer } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobComparison } from '../api';
import { Problem, StateMark } from '../components';
import { AlsoTheSame, Differences } from '../components/differences';
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
    const shared = { count: model.ids.length, all: model.all, trans };
    return (
      <>
        <div className="jp-ModelOps-row">
          <h2>{trans.__('%1 jobs side by side', model.ids.length)}</h2>
          <AlsoTheSame
            all={model.all}
            change={all => {
              model.all = all;
            }}
            trans={trans}
          />
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
        <div className="jp-ModelOps-wide" tabIndex={0}>
          <table className="jp-ModelOps-rows">
            <Heads model={model} comparison={state.value} />
            <Differences title={trans.__('Parameters')} rows={parameters} {...shared} />
            <Differences title={trans.__('Inputs')} rows={inputs} {...shared} />
            <Differences
              title={trans.__('Environment')}
              rows={environment}
              {...shared}
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
