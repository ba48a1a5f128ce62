import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ArtifactComparison } from '../api';
import { Rejected } from '../components';
import { bytes } from '../format';
import { best, IMeasured, IMeasureRow, labelsOf, measureRows } from './columns';
import { known } from './known';
import { scale } from './scale';

const WIDTH = 84;

/**
 * What was measured: a column for each artifact, its intervals drawn on one scale in each row. A value is bold where it
 * is the better one beyond doubt.
 */
export function MeasureTable(props: {
  comparison: ArtifactComparison;
  open: (ref: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { comparison, open, trans } = props;
  const { artifacts } = comparison;
  const rows = measureRows(comparison);
  const labels = labelsOf(comparison);
  return (
    <div className="jp-ModelOps-scrolled" tabIndex={0}>
      <table className="jp-ModelOps-rows jp-ModelOps-measures" aria-label={trans.__('Measures')}>
        <thead>
          <tr>
            <td />
            {artifacts.map(({ ref, rejected }, index) => (
              <th key={ref} scope="col">
                {artifacts.length > 1 ? (
                  <button
                    className="jp-ModelOps-link"
                    title={ref}
                    onClick={() => {
                      open(ref);
                    }}
                  >
                    {labels[index]}
                  </button>
                ) : (
                  ref
                )}
                <div>
                  <Rejected reasons={rejected} trans={trans} />
                </div>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {artifacts.some(({ kind }) => kind === 'model') && (
            <tr>
              <th scope="row">{trans.__('Size')}</th>
              {artifacts.map(({ ref, size }) => (
                <td key={ref}>{bytes(size)}</td>
              ))}
            </tr>
          )}
          {rows.map(row => (
            <Row key={row.name} row={row} trans={trans} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: { row: IMeasureRow; trans: TranslationBundle }): React.JSX.Element {
  const { row, trans } = props;
  const { better, say, title } = known(row.name, trans);
  const winner = best(row, better);
  const ends = row.cells.flatMap(cell => (cell ? [cell.value, ...(cell.interval ?? [])] : []));
  const several = row.cells.filter(cell => cell?.interval).length > 1;
  const at = scale(ends, 0, WIDTH).at;
  return (
    <tr>
      <th scope="row">
        {title}
        {better !== null && several && (
          <span
            className="jp-ModelOps-hint"
            title={better === 'lower' ? trans.__('lower is better') : trans.__('higher is better')}
          >
            {better === 'lower' ? ' ↓' : ' ↑'}
          </span>
        )}
      </th>
      {row.cells.map((cell, index) => (
        <td key={index} data-best={index === winner}>
          {cell === null ? (
            '–'
          ) : (
            <Cell cell={cell} say={say} at={several ? at : null} trans={trans} />
          )}
        </td>
      ))}
    </tr>
  );
}

function Cell(props: {
  cell: IMeasured;
  say: (value: number) => string;
  at: ((value: number) => number) | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { at, cell, say, trans } = props;
  const { interval, value } = cell;
  return (
    <>
      <span className="jp-ModelOps-value">{say(value)}</span>
      {interval && (
        <div className="jp-ModelOps-hint" title={trans.__('with a confidence of 95 %')}>
          {trans.__('%1 to %2', ...interval.map(end => say(end).replace(/ .*/, '')))}
        </div>
      )}
      {interval && at && (
        <svg width={WIDTH} height={9} aria-hidden="true" className="jp-ModelOps-interval">
          <path d={`M${at(interval[0])},4.5H${at(interval[1])}`} />
          <circle cx={at(value)} cy={4.5} r={3} />
        </svg>
      )}
    </>
  );
}
