import { nullTranslator } from '@jupyterlab/translation';

import { facts } from './facts';

const trans = nullTranslator.load('jupyterlab_modelops');

/** The facts as lines, as a person reads them. */
const read = (metadata: Record<string, unknown>): string[] =>
  facts(metadata, trans).map(({ name, value }) => `${name}: ${value}`);

describe('facts', () => {
  it('give numbers their units', () => {
    expect(
      read({
        parameter_count: 134_515_008,
        context_length: 8192,
        peak_memory_bytes: 4_512_000_000,
        seconds: '288.4',
        tokens_per_second: '175.2',
        rows: 12_345
      })
    ).toEqual([
      'Training time: 4:48',
      'Speed: 175.2 tokens/s',
      'Most memory used: 4.51 GB',
      'Parameters: 134.5 M (134,515,008)',
      'Context length: 8,192 tokens',
      'Rows: 12,345'
    ]);
  });

  it('say what the gate said; the reasons stand elsewhere', () => {
    const reasons = ['perplexity ratio 1.4 [1.3, 1.5], at most 1.1 is asked for.'];
    expect(read({ gate: { verdict: 'rejected', reasons }, fallbacks: 181 })).toEqual([
      'Tensors in another type: 181',
      'Gate: rejected'
    ]);
  });

  it('say a loss before and after in one line', () => {
    expect(read({ loss_before: '2.7204', loss_after: '2.2517' })).toEqual([
      'Held-out loss: 2.72 → 2.252 nats a token'
    ]);
  });

  it('leave measures with their intervals to the table of measures', () => {
    expect(
      read({ rank: 16, perplexity: '9.87654321', intervals: { perplexity: '8.9 to 11.2' } })
    ).toEqual(['Rank: 16']);
    expect(read({ rank: 16, intervals: 'odd' })).toEqual(['Rank: 16', 'intervals: odd']);
  });

  it('lead to the artifacts that they name', () => {
    const [method, model] = facts({ method: 'lora', base_model: 'tiny@1' }, trans);
    expect(model).toMatchObject({ value: 'tiny@1', ref: 'tiny@1' });
    expect(method?.ref).toBeUndefined();
  });

  it('leave out what is empty and digests of what is named', () => {
    expect(read({ licence: null, base_model: 'tiny@1', base_digest: 'abc' })).toEqual([
      'Base model: tiny@1'
    ]);
  });

  it('show what a notebook of somebody else says under its own names, after what is known', () => {
    expect(read({ my_score: 0.123456, nested: { a_b: 1, c: null }, rank: 16 })).toEqual([
      'Rank: 16',
      'my score: 0.1235',
      'nested: a b 1'
    ]);
  });

  it('show what has another type than expected as it is', () => {
    expect(read({ rows: 'many', probe: 'odd', lengths: 'short' })).toEqual([
      'Rows: many',
      'Length of a row: short',
      'Reads plain text with: odd'
    ]);
  });
});
