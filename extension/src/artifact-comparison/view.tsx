import type { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactComparison } from '../api';
import { Ago, Problem } from '../components';
import { AlsoTheSame, comparedValue, Differences } from '../components/differences';
import { bytes, count, exactly } from '../format';
import { measureRows } from '../measures/columns';
import { Measured } from '../measures/findings';
import type { ArtifactComparisonModel } from './model';

/** Artifacts side by side: what was measured as a picture and a table, what they are, and what they were made from. */
export class ArtifactComparisonView extends VDomRenderer<ArtifactComparisonModel> {
  constructor(model: ArtifactComparisonModel) {
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
    const comparison = state.value;
    return (
      <>
        <div className="jp-ModelOps-row">
          <h2>
            {trans._n(
              '%1 artifact',
              '%1 artifacts side by side',
              comparison.artifacts.length,
              comparison.artifacts.length
            )}
          </h2>
          <AlsoTheSame
            all={model.all}
            change={all => {
              model.all = all;
            }}
            trans={trans}
          />
        </div>
        {measureRows(comparison).length > 0 ? (
          <Measured comparison={comparison} workbench={workbench} />
        ) : (
          <p className="jp-ModelOps-hint">
            {trans.__('Nothing was measured of them yet: evaluate them to compare their quality.')}
          </p>
        )}
        <Borrowed comparison={comparison} model={model} />
        <Rest comparison={comparison} model={model} />
      </>
    );
  }
}

/** Which measures come from evaluations, and from which. */
function Borrowed(props: {
  comparison: ArtifactComparison;
  model: ArtifactComparisonModel;
}): React.JSX.Element | null {
  const { comparison, model } = props;
  const { workbench } = model;
  const found = comparison.artifacts.flatMap(({ ref }, index) => {
    const evaluation = comparison.evaluations[index];
    return typeof evaluation === 'string' ? [{ ref, evaluation }] : [];
  });
  return found.length === 0 ? null : (
    <ul className="jp-ModelOps-notes">
      {found.map(({ evaluation, ref }) => (
        <li key={ref}>
          <span className="jp-ModelOps-mark" aria-hidden="true" />{' '}
          {workbench.trans.__('What %1 does not state itself was measured by', ref)}{' '}
          <button
            className="jp-ModelOps-link"
            onClick={() => {
              workbench.open('artifact', { ref: evaluation });
            }}
          >
            {evaluation}
          </button>
        </li>
      ))}
    </ul>
  );
}

function Rest(props: {
  comparison: ArtifactComparison;
  model: ArtifactComparisonModel;
}): React.JSX.Element {
  const { comparison, model } = props;
  const { trans } = model.workbench;
  const { artifacts } = comparison;
  const drawn = new Set(measureRows(comparison).map(({ name }) => name));
  const numbers = comparison.measures.filter(({ name }) => !drawn.has(name));
  const shared = {
    count: artifacts.length,
    all: model.all,
    trans,
    name: (name: string) => name.replaceAll('_', ' ')
  };
  return (
    <div className="jp-ModelOps-wide" tabIndex={0}>
      <table className="jp-ModelOps-rows" aria-label={trans.__('Facts and inputs')}>
        <thead>
          <tr>
            <td />
            {artifacts.map(({ created, ref }) => (
              <th key={ref} scope="col">
                {ref}
                <div className="jp-ModelOps-hint">
                  <Ago time={created} trans={trans} />
                </div>
              </th>
            ))}
          </tr>
        </thead>
        <Differences title={trans.__('Facts')} rows={comparison.facts} {...shared} say={fact} />
        <Differences title={trans.__('Numbers')} rows={numbers} {...shared} say={fact} />
        <Differences
          title={trans.__('Made from')}
          rows={comparison.inputs}
          {...shared}
          say={value => input(value, trans)}
        />
      </table>
    </div>
  );
}

function fact(value: unknown, name: string): string {
  if (typeof value === 'number') {
    return /(^|_)(size|bytes)$/.test(name) ? bytes(value) : number(value);
  }
  return name === 'made' && typeof value === 'string' ? exactly(value) : comparedValue(value);
}

function number(value: number): string {
  return Number.isInteger(value) ? count(value) : String(Number(value.toPrecision(6)));
}

/** An input by its reference, or what kind of thing it is. */
function input(value: unknown, trans: TranslationBundle): string {
  return typeof value === 'string' && value.startsWith('modelops:template/')
    ? trans.__('template %1', value.replace('modelops:template/', ''))
    : comparedValue(value);
}
