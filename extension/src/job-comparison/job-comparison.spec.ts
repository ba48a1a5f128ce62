import type { JobComparison } from '../api';
import { shown, TestWorkbench, until } from '../workbench/testing';
import { ComparisonModel, labelled } from './model';
import { ComparisonView } from './view';

const JOB = { state: 'succeeded', started: null, finished: null };

const COMPARISON = {
  jobs: [
    { ...JOB, id: 'sft-1', name: 'sft' },
    { ...JOB, id: 'sft-2', name: 'sft' }
  ],
  parameters: [
    { name: 'rank', values: [8, 16], differs: true },
    { name: 'seed', values: [42, 42], differs: false }
  ],
  inputs: [
    { name: 'dataset', values: [[{ ref: 'qa@1', digest: 'abcdef0123456' }], null], differs: true }
  ],
  environment: null,
  metrics: {}
} as unknown as JobComparison;

async function compared(comparison: JobComparison) {
  const workbench = new TestWorkbench(() => comparison);
  const model = new ComparisonModel(workbench, ['sft-1', 'sft-2']);
  await until(() => model.value !== null);
  return { model, workbench };
}

describe('Comparison', () => {
  it('asks for the jobs in their order', async () => {
    const { workbench, model } = await compared(COMPARISON);
    expect(workbench.asked[0]?.query.getAll('id')).toEqual(['sft-1', 'sft-2']);
    model.dispose();
  });

  it('shows what differs, and what is the same when it is asked to', async () => {
    const { model } = await compared(COMPARISON);
    const view = new ComparisonView(model);
    const text = (await shown(view)).textContent;
    expect(text).toContain('≠ rank816');
    expect(text).toContain('≠ datasetqa@1 abcdef01–');
    expect(text).not.toContain('seed');
    expect(text).toContain('Of one of them the packages are not known yet.');
    model.all = true;
    expect((await shown(view)).textContent).toContain('seed4242');
    model.dispose();
  });

  it('tells jobs of the same name apart by their ids', () => {
    expect(labelled(COMPARISON)).toEqual(['sft-1', 'sft-2']);
  });

  it('gives every job its curve in each plot, also where it reported nothing', async () => {
    const metrics = { loss: [[[1, 2.5] as const, [2, null] as const], []] };
    const { model } = await compared({ ...COMPARISON, metrics });
    const [loss] = model.overlays;
    expect(loss?.curves.map(curve => [curve.label, curve.series.length])).toEqual([
      ['sft-1', 2],
      ['sft-2', 0]
    ]);
    expect(model.overlays[0]).toBe(loss);
    model.dispose();
  });

  it('looks again when one of its jobs has moved on', async () => {
    const { workbench, model } = await compared(COMPARISON);
    workbench.jobsChanged.emit('another');
    workbench.jobsChanged.emit('sft-2');
    await until(() => workbench.asked.length === 2);
    model.dispose();
  });
});
