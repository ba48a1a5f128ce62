import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Series } from '../curves/series';
import { Curves } from '../curves/view';
import { count, measured } from '../format';
import type { RunModel } from './model';

/** What was measured: curves, and the same in words. */
export function Measurements(props: { model: RunModel }): React.JSX.Element | null {
  const { charts, id, journal, revision, workbench } = props.model;
  const { trans } = workbench;
  const [open, show] = React.useState(false);
  if (journal.metrics.series.size === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Metrics')}>
      <div className="jp-ModelOps-charts">
        {charts.map(chart => (
          <Curves
            key={chart.key}
            title={chart.title}
            curves={chart.curves}
            sync={id}
            revision={revision}
            trans={trans}
          />
        ))}
      </div>
      <details
        onToggle={event => {
          show(event.currentTarget.open);
        }}
      >
        <summary>{trans.__('Values as a table')}</summary>
        {open && <Values series={journal.metrics.series} trans={trans} />}
      </details>
    </section>
  );
}

function Values(props: {
  series: ReadonlyMap<string, Series>;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { series, trans } = props;
  return (
    <table className="jp-ModelOps-rows">
      <thead>
        <tr>
          <th scope="col">{trans.__('Metric')}</th>
          <th scope="col">{trans.__('Latest')}</th>
          <th scope="col">{trans.__('Step')}</th>
          <th scope="col">{trans.__('Lowest')}</th>
          <th scope="col">{trans.__('Highest')}</th>
          <th scope="col">{trans.__('Points')}</th>
        </tr>
      </thead>
      <tbody>
        {[...series].map(([name, points]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{measured(points.last?.value ?? NaN)}</td>
            <td>{count(points.last?.step ?? 0)}</td>
            {extent(points).map((value, index) => (
              <td key={index}>{measured(value)}</td>
            ))}
            <td>{count(points.length)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function extent(series: Series): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of series.values) {
    if (Number.isFinite(value)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}
