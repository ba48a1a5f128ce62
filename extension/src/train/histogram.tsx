import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Bin } from '../api';
import { count } from '../format';

const [WIDTH, HEIGHT] = [320, 64];

/** How long the rows are, with the length at which they are cut off. */
export function Histogram(props: {
  bins: readonly Bin[];
  unit: string;
  trans: TranslationBundle;
  /** Where longer rows are cut off. */
  limit?: number | undefined;
}): React.JSX.Element | null {
  const { bins, limit, trans, unit } = props;
  const last = bins.at(-1);
  if (!last) {
    return null;
  }
  const most = Math.max(1, ...bins.map(({ rows }) => rows));
  const width = WIDTH / bins.length;
  // The last bin takes the long tail, so that its end says nothing about the scale.
  const step = (bins[0]?.to ?? 0) - (bins[0]?.from ?? 0) + 1;
  const cut = limit !== undefined && limit < last.to;
  const at = cut ? Math.min(WIDTH, (limit / step) * width) : null;
  const title = trans.__(
    '%1 per row: from %2 to %3',
    unit,
    count(bins[0]?.from ?? 0),
    count(last.to)
  );
  return (
    <figure className="jp-ModelOps-histogram">
      <figcaption>{trans.__('%1 per row', unit)}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={title}
      >
        {bins.map(({ from, rows, to }, index) => {
          const height = rows === 0 ? 0 : Math.max(1.5, (rows / most) * (HEIGHT - 4));
          return (
            <rect
              key={from}
              x={index * width + 0.5}
              width={width - 1}
              y={HEIGHT - height}
              height={height}
              data-over={limit !== undefined && from > limit}
            >
              <title>{trans.__('%1–%2: %3 rows', count(from), count(to), count(rows))}</title>
            </rect>
          );
        })}
        {at !== null && <line x1={at} x2={at} y1={0} y2={HEIGHT} />}
      </svg>
      <div className="jp-ModelOps-axis">
        <span>{count(bins[0]?.from ?? 0)}</span>
        {limit !== undefined && (
          <span>
            {cut
              ? trans.__('┆ cut off after %1', count(limit))
              : trans.__('none is longer than %1', count(limit))}
          </span>
        )}
        <span>{count(last.to)}</span>
      </div>
    </figure>
  );
}
