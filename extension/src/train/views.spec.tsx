import { nullTranslator } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

import { Batch, stretches } from './batch';
import { Conversations } from './conversations';
import { Histogram } from './histogram';

const trans = nullTranslator.load('jupyterlab_modelops');

/** What is rendered, in a document. */
async function shown(element: React.JSX.Element): Promise<HTMLElement> {
  const widget = ReactWidget.create(element);
  Widget.attach(widget, document.body);
  MessageLoop.flush();
  await widget.renderPromise;
  return widget.node;
}

describe('Batch', () => {
  const token = (text: string, learned = false) => ({ text, learned });

  it('joins tokens that are all learned, or all only read', () => {
    const found = stretches([token('a'), token('b'), token('c', true), token('d')]);
    expect(found.map(({ learned, tokens }) => [learned, tokens.length])).toEqual([
      [false, 2],
      [true, 1],
      [false, 1]
    ]);
  });

  it('tells learned tokens by an element of their own, and shows special ones and line ends', async () => {
    const tokens = [token('<|im_start|>'), token('user\n'), token('ok', true)];
    const batch = { rows: [{ tokens, length: 5 }], tokenizer: 'tiny@1', truncated: true };
    const node = await shown(<Batch batch={batch} trans={trans} />);
    expect(node.querySelector('pre')?.textContent).toBe('<|im_start|>user⏎\nok …');
    expect(node.querySelector('pre ins')?.textContent).toBe('ok');
    expect(node.querySelector('pre .jp-ModelOps-special')?.textContent).toBe('<|im_start|>');
    expect(node.textContent).toContain('5 tokens, of the shown ones 1 learned');
  });

  it('shows markup in a token as text', async () => {
    const tokens = [token('<img src=x onerror=alert(1)>', true)];
    const batch = { rows: [{ tokens, length: 1 }], tokenizer: 'tiny@1', truncated: false };
    const node = await shown(<Batch batch={batch} trans={trans} />);
    expect(node.querySelector('img')).toBeNull();
  });
});

describe('Conversations', () => {
  const rows = ['one', 'two'].map(content => ({
    split: 'train',
    messages: [{ role: 'user', content }]
  }));

  it('shows a row at a time', async () => {
    const node = await shown(<Conversations rows={rows} total={7} trans={trans} />);
    expect(node.textContent).toContain('Row 1 of 7 (train)');
    node.querySelector<HTMLElement>('[aria-label="Next row"]')?.click();
    await new Promise(done => setTimeout(done, 0));
    expect(node.textContent).toContain('two');
    expect(node.querySelector('[aria-label="Next row"]')).toHaveProperty('disabled', true);
  });

  it('shows plain text as one', async () => {
    const node = await shown(
      <Conversations rows={[{ split: 'test', text: 'all of it' }]} total={1} trans={trans} />
    );
    expect(node.textContent).toContain('all of it');
  });
});

describe('Histogram', () => {
  const bins = [
    { from: 0, to: 9, rows: 1 },
    { from: 10, to: 25, rows: 3 }
  ];

  it('marks where rows are cut off', async () => {
    const node = await shown(<Histogram bins={bins} unit="Tokens" limit={8} trans={trans} />);
    expect(node.querySelector('line')).not.toBeNull();
    expect(node.textContent).toContain('cut off after 8');
    expect(node.querySelectorAll('rect[data-over="true"]')).toHaveLength(1);
  });

  it('has no mark where none is', async () => {
    const node = await shown(<Histogram bins={bins} unit="Tokens" limit={100} trans={trans} />);
    expect(node.querySelector('line')).toBeNull();
    expect(node.textContent).toContain('none is longer than 100');
  });
});
