import { decimate } from './decimation.js';
import { draw, make, say } from './elements.js';

/** Curves of a job's measures, drawn as SVG. */

const WIDTH = 300;
const HEIGHT = 90;
const MOST_CHARTS = 6;

/** Which measures share a chart: `eval_loss` is drawn beside `loss`. */
export function grouped(names) {
  const groups = new Map();
  for (const name of names) {
    const base = name.replace(/^(eval|train|test)_/, '');
    // The shorter name first: `loss`, and then `eval_loss`.
    groups.set(
      base,
      [...(groups.get(base) ?? []), name].sort((a, b) => a.length - b.length)
    );
  }
  const first = name => (name === 'loss' ? 0 : name === 'learning_rate' ? 1 : 2);
  return [...groups].sort(([a], [b]) => first(a) - first(b)).slice(0, MOST_CHARTS);
}

/** A number in four digits. */
export function short(value) {
  const size = Math.abs(value);
  return size !== 0 && (size < 0.001 || size >= 1e6)
    ? value.toExponential(2)
    : String(Number(value.toPrecision(4)));
}

/** The charts of a job; `update(points)` draws what has come, at most once a frame. */
export function charts() {
  const element = make('div', 'charts');
  const drawn = new Map();
  let waiting = false;

  function redraw(points) {
    waiting = false;
    const groups = grouped(points.keys());
    for (const [base, names] of groups) {
      if (!drawn.has(base)) {
        drawn.set(base, chart(base.replaceAll('_', ' ')));
      }
      drawn.get(base).update(names.map(name => [name, points.get(name)]));
    }
    const wanted = groups.map(([base]) => drawn.get(base).element);
    if (
      wanted.length !== element.children.length ||
      wanted.some((each, at) => each !== element.children[at])
    ) {
      element.replaceChildren(...wanted);
    }
  }

  return {
    element,
    update(points) {
      if (!waiting) {
        waiting = true;
        requestAnimationFrame(() => redraw(points()));
      }
    }
  };
}

function chart(title) {
  const legend = make('span', 'legend');
  const top = make('span', 'tick');
  const bottom = make('span', 'tick');
  const last = make('span', 'tick');
  const svg = draw('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: 'none',
    role: 'img'
  });
  const element = make(
    'figure',
    'chart',
    {},
    make('figcaption', 'chartTitle', {}, make('span', '', {}, title), legend),
    make('div', 'plot', {}, make('div', 'axis', {}, top, bottom), svg),
    last
  );

  function update(curves) {
    const [left, right] = range(curves, 0);
    const [low, high] = range(curves, 1);
    const x = value => ((value - left) / (right - left || 1)) * WIDTH;
    const y = value => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
    const place = ([at, value]) => [x(at), y(value)];
    svg.replaceChildren(
      ...curves.map(([, points]) => draw('polyline', { points: line(points, place) }))
    );
    const values = curves.map(([name, points]) => {
      const value = short(points.at(-1)[1]);
      return curves.length > 1 ? `${name.replaceAll('_', ' ')} ${value}` : value;
    });
    svg.setAttribute(
      'aria-label',
      `${title}: ${values.join(', ')}, from ${short(low)} to ${short(high)}`
    );
    legend.replaceChildren(
      ...values.map(text =>
        make('span', 'key', {}, make('span', 'swatch', { 'aria-hidden': 'true' }), text)
      )
    );
    say(top, short(high));
    say(bottom, short(low));
    say(last, `step ${short(right)}`);
  }

  return { element, update };
}

/** The corners of a curve; a single point is a short stroke, since a line of no length is not drawn. */
function line(points, place) {
  const [x, y] = place(points[0]);
  const corners =
    points.length === 1
      ? [
          [x - 4, y],
          [x + 4, y]
        ]
      : decimate(points, WIDTH).map(place);
  return corners.map(corner => corner.map(value => value.toFixed(1)).join(',')).join(' ');
}

/** The least and the greatest of all curves, by `axis` 0 or 1. */
function range(curves, axis) {
  let low = Infinity;
  let high = -Infinity;
  for (const [, points] of curves) {
    for (const point of points) {
      low = Math.min(low, point[axis]);
      high = Math.max(high, point[axis]);
    }
  }
  return [low, high];
}
