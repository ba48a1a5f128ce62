import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Readiness } from '../api';
import { Rejected } from '../components';
import { bytes, measured } from '../format';
import type { IPreviewProps, IWorkbench } from '../tokens';

type Outlook = Readiness['outlook'][number];

/** What would come out of each choice: how large, and how good it was when this model was quantized so before. */
export function QuantizePreview(props: IPreviewProps): React.JSX.Element | null {
  const { inputs, readiness, values, workbench } = props;
  const { trans } = workbench;
  const outlook = readiness?.outlook ?? [];
  if (outlook.length === 0) {
    return null;
  }
  const chosen = [values.types, values.scheme].flat();
  const model = Object.values(inputs).find(artifact => artifact?.kind === 'model');
  const largest = Math.max(model?.size ?? 0, ...outlook.map(one => one.bytes));
  return (
    <section className="jp-ModelOps-preview">
      <h3>{trans.__('What would come out')}</h3>
      <table className="jp-ModelOps-rows jp-ModelOps-stored">
        <thead>
          <tr>
            <th scope="col">{trans.__('Stored as')}</th>
            <th scope="col" colSpan={2}>
              {trans.__('Size')}
            </th>
            <th scope="col">{trans.__('Perplexity, times the model’s own')}</th>
          </tr>
        </thead>
        <tbody>
          {outlook.map(one => (
            <tr key={one.choice} aria-current={chosen.includes(one.choice)}>
              <th scope="row">
                {chosen.includes(one.choice) && <span title={trans.__('chosen')}>✓ </span>}
                {one.choice}
              </th>
              <td className="jp-ModelOps-figure">{bytes(Number(one.bytes.toPrecision(3)))}</td>
              <td>
                <span
                  className="jp-ModelOps-share"
                  style={{ width: `${(one.bytes / largest) * 80}px` }}
                  aria-hidden="true"
                />
              </td>
              <td>
                <Before outlook={one} workbench={workbench} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="jp-ModelOps-help">{explained(outlook, trans)}</p>
    </section>
  );
}

function Before(props: { outlook: Outlook; workbench: IWorkbench }): React.JSX.Element | null {
  const { outlook, workbench } = props;
  const { trans } = workbench;
  const before = outlook.measured;
  return before === null ? null : (
    <>
      <button
        type="button"
        className="jp-ModelOps-link"
        title={trans.__('Measured of %1', before.ref)}
        onClick={() => {
          workbench.open('artifact', { ref: before.ref });
        }}
      >
        {measured(before.perplexity_ratio)}
      </button>{' '}
      {before.interval && (
        <span className="jp-ModelOps-help">
          {trans.__('%1 to %2', ...before.interval.map(measured))}
        </span>
      )}{' '}
      {before.rejected && (
        <Rejected reasons={[trans.__('It did not pass the gate of its job.')]} trans={trans} />
      )}
    </>
  );
}

function explained(outlook: readonly Outlook[], trans: TranslationBundle): string {
  return outlook.some(({ measured: before }) => before !== null)
    ? trans.__(
        'Sizes are computed, quality was measured by earlier jobs; the run measures it anew.'
      )
    : trans.__(
        'Sizes are computed. Quality is not guessed: the run measures it before anything is kept.'
      );
}
