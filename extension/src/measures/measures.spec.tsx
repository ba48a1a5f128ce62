import { nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactComparison, ArtifactDetail } from '../api';
import { answering, button, shown, until } from '../workbench/testing';
import { best, isMeasured, measureRows, tradeoffs } from './columns';
import { Findings } from './findings';
import { known } from './known';
import { worstFirst } from './samples';
import { scale } from './scale';
import { artifact, COMPARISON } from './testing';
import { WorstRows } from './worst';

const trans = nullTranslator.load('jupyterlab_modelops');

function compared(changes: Partial<ArtifactComparison>): ArtifactComparison {
  return { ...COMPARISON, ...changes };
}

describe('Measures', () => {
  it('are those that have intervals; other numbers are facts', () => {
    expect(measureRows(COMPARISON).map(({ name }) => name)).toEqual([
      'perplexity_ratio',
      'top1_agreement',
      'decode_speed'
    ]);
    expect(isMeasured({ metadata: { intervals: { loss: '1 to 2' } } })).toBe(true);
    expect(isMeasured({ metadata: { intervals: {} } })).toBe(false);
  });

  it('of the model that others were made from stand in its own column', () => {
    const interval = [18, 22] as const;
    const intervals = [null, interval, interval];
    const reference = { name: 'reference_perplexity', values: [null, 20, 20], differs: true };
    const own = { name: 'perplexity', values: [null, 21, 27], differs: true };
    const rows = measureRows(
      compared({
        measures: [
          { ...reference, intervals },
          { ...own, intervals }
        ]
      })
    );
    expect(rows.map(({ cells, name }) => [name, cells.map(cell => cell?.value)])).toEqual([
      ['perplexity', [20, 21, 27]]
    ]);
    const unlike = { ...reference, values: [null, 20, 19], intervals };
    expect(measureRows(compared({ measures: [unlike] })).map(({ name }) => name)).toEqual([
      'reference_perplexity'
    ]);
  });

  it('have their names, and say which way is better', () => {
    expect(known('top1_agreement', trans).say(0.9804)).toBe('98.04 %');
    expect(known('kl_divergence', trans).better).toBe('lower');
    expect(known('reference_perplexity', trans)).toMatchObject({
      title: 'Perplexity of the reference',
      better: null
    });
    expect(known('lm-eval/stdlib_modules/acc', trans)).toMatchObject({
      title: 'Accuracy in stdlib_modules',
      better: 'higher'
    });
    expect(known('lm-eval/py/score,strict', trans).title).toBe('score in py');
    expect(known('my_score', trans)).toMatchObject({ title: 'my score', better: null });
  });

  it('are better beyond doubt only where their interval lies apart from all others', () => {
    const cell = (value: number, low: number, high: number) => ({
      value,
      interval: [low, high] as const
    });
    const apart = { name: 'f1', cells: [cell(0.5, 0.4, 0.6), cell(0.8, 0.7, 0.9), null] };
    const overlapping = { name: 'f1', cells: [cell(0.5, 0.4, 0.75), cell(0.8, 0.7, 0.9)] };
    expect(best(apart, 'higher')).toBe(1);
    expect(best(apart, 'lower')).toBe(0);
    expect(best(apart, null)).toBeNull();
    expect(best(overlapping, 'higher')).toBeNull();
    expect(best({ name: 'f1', cells: [cell(0.5, 0.4, 0.6), null] }, 'higher')).toBeNull();
  });
});

describe('The picture of size against quality', () => {
  it('puts the model that all were made from where its perplexity is its own, once', () => {
    const drawn = tradeoffs(COMPARISON);
    expect(drawn?.measure).toBe('perplexity_ratio');
    expect(
      drawn?.points.map(({ label, quality, size, speed }) => [label, size, quality.value, speed])
    ).toEqual([
      ['bot', 300_000_000, 1, null],
      ['q8_0', 150_000_000, 1.001, 25],
      ['q2_k', 90_000_000, 1.35, 40]
    ]);
  });

  it('takes the perplexity where there is no ratio, and the size that an evaluation says', () => {
    const one = { ...artifact('eval@1', 5000), kind: 'evaluation' as const };
    const measures = [
      { name: 'perplexity', values: [20, 21], intervals: [null, null], differs: true },
      { name: 'size_bytes', values: [3e8, 1e8], intervals: [null, null], differs: true }
    ];
    const drawn = tradeoffs(
      compared({ artifacts: [one, { ...one, ref: 'eval@2', version: 2 }], facts: [], measures })
    );
    expect(drawn?.measure).toBe('perplexity');
    expect(drawn?.points.map(({ label, size }) => [label, size])).toEqual([
      ['eval@1', 3e8],
      ['eval@2', 1e8]
    ]);
  });

  it('is not drawn for one point', () => {
    const [row] = COMPARISON.measures.slice(1);
    const measures = row ? [{ ...row, values: [null, 1.001, null] }] : [];
    expect(tradeoffs(compared({ facts: [], measures }))).toBeNull();
  });

  it('has round ticks between its ends', () => {
    expect(scale([0, 300], 0, 100).ticks).toEqual([0, 100, 200, 300]);
    expect(scale([1, 1], 0, 100).at(1)).toBeCloseTo(50);
    expect(scale([0.1, 0.7], 0, 100, 4).ticks).toEqual([0.2, 0.4, 0.6]);
  });
});

describe('Findings', () => {
  async function findings(refs: readonly string[], comparison: ArtifactComparison) {
    const workbench = answering({ 'GET artifact-comparison': comparison });
    const node = await shown(
      ReactWidget.create(
        <div>
          <Findings refs={refs} workbench={workbench} />
          <hr />
        </div>
      )
    );
    await until(() => node.querySelector('table') !== null);
    return { node, workbench };
  }

  it('stand beside the model that all were made from', async () => {
    const made = ['bot-q8_0@1', 'bot-q2_k@1'];
    const { node, workbench } = await findings(made, COMPARISON);
    expect(workbench.asked.map(({ query }) => query.getAll('ref'))).toEqual([
      made,
      ['bot@1', ...made]
    ]);
    expect(node.querySelector('svg[role=img]')?.getAttribute('aria-label')).toContain(
      'q8_0: 150 MB, Perplexity, times the reference’s 1.001. It writes 25 tokens/s.'
    );
    expect(node.textContent).toContain('Top-1 agreement ↑–98 %96 to 9965 %60 to 70');
    expect(node.textContent).toContain('✗ rejected');
    button(node, 'Compare in full').click();
    expect(workbench.opened).toEqual([
      ['artifact-comparison', { artifacts: ['bot@1', 'bot-q8_0@1', 'bot-q2_k@1'] }]
    ]);
  });
});

describe('The worst rows', () => {
  const ROWS = [
    { row: 1, loss: 2, reference_loss: 1.9, question: 'A?', expected: 'a', answer: 'b' },
    { row: 2, loss: 1.5, reference_loss: 0.5 },
    { row: 3, loss: 3, reference_loss: 2.8 }
  ];
  const LINES = ROWS.map(row => JSON.stringify(row)).join('\n') + '\n';

  it('come first: those that lost most against the reference, or have the highest loss', () => {
    expect(worstFirst(LINES).map(({ row }) => row)).toEqual([2, 3, 1]);
    const alone = ROWS.map(({ loss, row }) => JSON.stringify({ loss, row })).join('\n');
    expect(worstFirst(alone).map(({ row }) => row)).toEqual([3, 1, 2]);
  });

  it('are read from the evaluation, with what was asked and answered', async () => {
    const evaluation = {
      ...artifact('my-evaluation@1', 100),
      files: [{ path: 'rows.jsonl', size: LINES.length, sha256: '' }]
    } as unknown as ArtifactDetail;
    const workbench = answering({
      'GET artifacts/my-evaluation%401/files/rows.jsonl': () => new Response(LINES)
    });
    const node = await shown(
      ReactWidget.create(
        <div>
          <WorstRows evaluation={evaluation} workbench={workbench} />
        </div>
      )
    );
    await until(() => node.querySelector('table') !== null);
    expect(node.textContent).toContain('21.50.5–––');
    expect(node.textContent).toContain('121.9A?ab');
  });
});
