import { execute, expect, expectAccessible, openLab, test } from './lab';
import { screenshot } from './screenshots';
import { makeTrainable } from './trainable';

test('a model is quantized: what would come out, what did, and beside what it was made from', async ({
  page,
  lab
}) => {
  test.setTimeout(180_000);
  await makeTrainable(lab);
  await openLab(page, lab);
  // Random weights lose more than a gate lets pass: what comes out is rejected.
  const changes = { eval_rows: 8, min_top1_agreement: 1 };
  await execute(page, 'modelops:open-run', { template: 'quantize-bnb', changes });

  const form = page.locator('.jp-ModelOps-Run:visible');
  const choices = form.getByRole('table');
  await expect(choices.getByRole('row', { name: /✓ nf4/ })).toContainText('kB');
  await expect(choices.getByRole('row', { name: /int8/ })).toBeVisible();
  await expect(form).toContainText('Quality is not guessed');
  await screenshot(page, 'quantize-form');
  await expectAccessible(page, '.jp-ModelOps-Run');
  await form.getByRole('button', { name: 'Run', exact: true }).click();

  const job = page.locator('.jp-ModelOps-Job:visible');
  const measures = job.getByRole('table', { name: 'Measures' });
  await expect(measures).toBeVisible({ timeout: 120_000 });
  await expect(measures.getByRole('row', { name: /Perplexity, times/ })).toContainText(' to ');
  await expect(measures.getByRole('row', { name: /Writing/ })).toContainText('tokens/s');
  await expect(measures).toContainText('rejected');
  await expect(job.getByRole('img', { name: /nf4: .* tokens/ })).toBeVisible();
  // What was measured once is a number and no curve.
  await expect(job.locator('canvas')).toHaveCount(0);
  await screenshot(page, 'quantize-result');
  await expectAccessible(page, '.jp-ModelOps-Job');

  await job.getByRole('button', { name: 'Compare in full…' }).click();
  const comparison = page.locator('.jp-ModelOps-Comparison:visible');
  await expect(comparison.getByRole('heading', { level: 2 })).toHaveText(
    '2 artifacts side by side'
  );

  await execute(page, 'modelops:open-run', { template: 'quantize-bnb' });
  const again = page.locator('.jp-ModelOps-Run:visible').getByRole('row', { name: /✓ nf4/ });
  await expect(again).toContainText('rejected');
  await again.getByRole('button').click();
  await expect(page.locator('.jp-ModelOps-Panel:visible')).toContainText('did not pass the gate');
});
