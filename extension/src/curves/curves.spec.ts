import { nullTranslator } from '@jupyterlab/translation';

import { grouped } from './groups';
import { Metrics } from './metrics';
import { Series } from './series';
import { thinned } from './thinning';

function series(values: readonly number[]): Series {
  const made = new Series();
  values.forEach((value, step) => {
    made.push(step, value);
  });
  return made;
}

function metric(step: number | null, values: Record<string, number | string>) {
  return { type: 'metric', time: 0, step, values };
}

describe('Series', () => {
  it('keeps what was pushed while it grows', () => {
    const made = series(Array.from({ length: 1000 }, (_, step) => step * 2));
    expect(made.length).toBe(1000);
    expect(made.last).toEqual({ step: 999, value: 1998 });
    expect(made.values[500]).toBe(1000);
  });

  it('forgets what was reported from a step on', () => {
    const made = series([5, 4, 3, 2]);
    made.cut(2);
    expect([...made.values]).toEqual([5, 4]);
  });
});

describe('thinning', () => {
  it('leaves a curve as it is that has few points', () => {
    expect(thinned(series([3, 1, 2]), 100)).toEqual([
      [0, 1, 2],
      [3, 1, 2]
    ]);
  });

  it('keeps the ends and every spike of 10,000 points', () => {
    const values = Array.from({ length: 10_000 }, () => 1);
    values[4321] = 99;
    values[7654] = -99;
    const [steps, kept] = thinned(series(values), 500);
    expect(steps.length).toBeLessThanOrEqual(500);
    expect([steps[0], steps.at(-1)]).toEqual([0, 9999]);
    expect(kept[steps.indexOf(4321)]).toBe(99);
    expect(kept[steps.indexOf(7654)]).toBe(-99);
    expect([...steps].sort((a, b) => a - b)).toEqual(steps);
  });

  it('shows a value that is not finite as a gap', () => {
    const values = Array.from({ length: 10_000 }, () => 1);
    values[5000] = NaN;
    const [steps, kept] = thinned(series(values), 500);
    expect(kept.filter(value => value === null)).toHaveLength(1);
    expect(steps[kept.indexOf(null)]).toBe(5000);
  });

  it('shows within a range all points that there is room for, and one beyond', () => {
    const [steps] = thinned(series(Array.from({ length: 10_000 }, () => 1)), 500, [100, 200]);
    expect([steps[0], steps.at(-1), steps.length]).toEqual([99, 201, 103]);
  });
});

describe('Metrics', () => {
  it('counts steps itself where a notebook does not', () => {
    const metrics = new Metrics();
    metrics.take(metric(null, { loss: 2 }));
    metrics.take(metric(null, { loss: 1 }));
    expect([...(metrics.series.get('loss')?.steps ?? [])]).toEqual([0, 1]);
  });

  it('lets an attempt that goes on from a checkpoint replace the steps that it repeats', () => {
    const metrics = new Metrics();
    [1, 2, 3].forEach(step => {
      metrics.take(metric(step, { loss: step }));
    });
    metrics.newAttempt();
    metrics.take(metric(2, { loss: 20 }));
    expect([...(metrics.series.get('loss')?.values ?? [])]).toEqual([1, 20]);
  });

  it('takes a number that JSON cannot hold as not finite', () => {
    const metrics = new Metrics();
    metrics.take(metric(1, { loss: 'nan' }));
    expect(metrics.series.get('loss')?.last?.value).toBeNaN();
  });
});

describe('groups', () => {
  it('puts what measures the same into one plot, and the loss first', () => {
    const names = ['learning_rate', 'eval_loss', 'accuracy', 'loss', 'memory_gb'];
    const groups = grouped(names, nullTranslator.load('jupyterlab_modelops'));
    expect(groups.map(group => [group.title, ...group.metrics])).toEqual([
      ['Loss', 'loss', 'eval_loss'],
      ['accuracy', 'accuracy'],
      ['Learning rate', 'learning_rate'],
      ['Memory (GB)', 'memory_gb']
    ]);
  });
});
