import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { bytes, measured } from '../format';
import type { ITradeoff, ITradeoffs } from './columns';
import { known } from './known';
import { IScale, scale } from './scale';

const [WIDTH, HEIGHT] = [560, 260];
const AREA = { left: 56, right: WIDTH - 16, top: 12, bottom: HEIGHT - 40 };

/**
 * Models as points: the smaller the further left, the better the further down. A line through a point is the interval of
 * its quality; its area is how fast it writes. The table beside it says the same in words.
 */
export function TradeoffChart(props: {
  tradeoffs: ITradeoffs;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans, tradeoffs } = props;
  const { measure, points } = tradeoffs;
  const x = scale([0, ...points.map(({ size }) => size)], AREA.left, AREA.right);
  const ends = points.flatMap(({ quality }) => [...(quality.interval ?? []), quality.value]);
  const y = scale(ends, AREA.bottom, AREA.top);
  const fastest = Math.max(...points.map(({ speed }) => speed ?? 0));
  const { title } = known(measure, trans);
  return (
    <figure className="jp-ModelOps-tradeoff">
      <figcaption>{trans.__('Size against quality')}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={points.map(point => sentence(point, title, trans)).join(' ')}
      >
        <Axes x={x} y={y} title={title} trans={trans} />
        {points.map(point => (
          <Point key={point.artifact.ref} point={point} x={x} y={y} fastest={fastest} />
        ))}
      </svg>
      {fastest > 0 && (
        <p className="jp-ModelOps-hint">
          {trans.__('The larger a point, the faster the model writes.')}
        </p>
      )}
    </figure>
  );
}

function Axes(props: {
  x: IScale;
  y: IScale;
  title: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { title, trans, x, y } = props;
  return (
    <g className="jp-ModelOps-axes" aria-hidden="true">
      {y.ticks.map(tick => (
        <React.Fragment key={tick}>
          <line x1={AREA.left} x2={AREA.right} y1={y.at(tick)} y2={y.at(tick)} />
          <text x={AREA.left - 6} y={y.at(tick) + 4} textAnchor="end">
            {measured(tick)}
          </text>
        </React.Fragment>
      ))}
      {x.ticks.map(tick => (
        <text key={tick} x={x.at(tick)} y={AREA.bottom + 16} textAnchor="middle">
          {bytes(tick)}
        </text>
      ))}
      <line x1={AREA.left} x2={AREA.right} y1={AREA.bottom} y2={AREA.bottom} />
      <text x={(AREA.left + AREA.right) / 2} y={HEIGHT - 6} textAnchor="middle">
        {trans.__('Size')}
      </text>
      <text
        transform={`translate(12 ${(AREA.top + AREA.bottom) / 2}) rotate(-90)`}
        textAnchor="middle"
      >
        {title}
      </text>
    </g>
  );
}

function Point(props: {
  point: ITradeoff;
  x: IScale;
  y: IScale;
  fastest: number;
}): React.JSX.Element {
  const { fastest, point, x, y } = props;
  const { artifact, label, origin, quality, size, speed } = point;
  const [left, top] = [x.at(size), y.at(quality.value)];
  const radius = speed === null || fastest === 0 ? 5 : Math.max(3, 11 * Math.sqrt(speed / fastest));
  const rejected = artifact.rejected.length > 0;
  // What stands far to the right has its name on its left.
  const right = left > WIDTH * 0.6;
  return (
    <g className="jp-ModelOps-point" data-rejected={rejected} data-origin={origin}>
      <circle cx={left} cy={top} r={radius} />
      {quality.interval && (
        <path
          d={quality.interval
            .map(end => `M${left - 4},${y.at(end)}H${left + 4}M${left},${y.at(end)}V${top}`)
            .join('')}
        />
      )}
      <text
        x={right ? left - radius - 5 : left + radius + 5}
        y={top - 5}
        textAnchor={right ? 'end' : 'start'}
      >
        {rejected ? `✗ ${label}` : label}
      </text>
    </g>
  );
}

function sentence(point: ITradeoff, title: string, trans: TranslationBundle): string {
  const { label, quality, size, speed } = point;
  const said = trans.__('%1: %2, %3 %4.', label, bytes(size), title, measured(quality.value));
  return speed === null ? said : `${said} ${trans.__('It writes %1 tokens/s.', measured(speed))}`;
}
