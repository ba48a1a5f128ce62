import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { artifact, READY, TEMPLATE } from '../setup/testing';
import type { IPreviewProps } from '../tokens';
import { button, shown, TestWorkbench } from '../workbench/testing';
import { QuantizePreview } from './preview';

const BEFORE = {
  ref: 'bot-q2_k@1',
  perplexity_ratio: 1.346,
  interval: [1.3, 1.392],
  rejected: true
};

async function preview(outlook: object[], values: IPreviewProps['values']) {
  const workbench = new TestWorkbench(() => ({}));
  const props = {
    template: TEMPLATE,
    values,
    inputs: { model: artifact('bot', 1) },
    submission: null,
    readiness: { ...READY, outlook },
    workbench
  } as unknown as IPreviewProps;
  const node = await shown(
    ReactWidget.create(
      <div>
        <QuantizePreview {...props} />
        <hr />
      </div>
    )
  );
  return { node, workbench };
}

describe('What would come out of a quantization', () => {
  it('is the size of each choice, and its quality where it was measured before', async () => {
    const outlook = [
      { choice: 'q8_0', bytes: 144_812_345, measured: null },
      { choice: 'q2_k', bytes: 88_200_000, measured: BEFORE }
    ];
    const { node, workbench } = await preview(outlook, { types: ['q8_0'] });
    expect(node.textContent).toContain('✓ q8_0145 MB');
    expect(node.textContent).toContain('q2_k88.2 MB1.346 1.3 to 1.392 ✗ rejected');
    expect(node.textContent).toContain('quality was measured by earlier jobs');
    button(node, '1.346').click();
    expect(workbench.opened).toEqual([['artifact', { ref: 'bot-q2_k@1' }]]);
  });

  it('does not guess the quality', async () => {
    const { node } = await preview([{ choice: 'nf4', bytes: 1e8, measured: null }], {
      scheme: 'nf4'
    });
    expect(node.textContent).toContain('✓ nf4100 MB');
    expect(node.textContent).toContain('Quality is not guessed');
  });

  it('is nothing where nothing can be told', async () => {
    const { node } = await preview([], {});
    expect(node.textContent).toBe('');
  });
});
