import { ask, execute, expect, expectAccessible, ILabServer, openLab, submit, test } from './lab';
import { screenshot } from './screenshots';
import { TRAINING, writeTraining } from './training';

/** Queue a job and wait until it has ended. */
async function ended(lab: ILabServer, parameters: object, name: string): Promise<string> {
  const id = await submit(lab, TRAINING, { pause: 0, ...parameters }, { name });
  await expect
    .poll(async () => (await ask<{ state: string }>(lab, `jobs/${id}`)).state, { timeout: 60_000 })
    .toMatch(/succeeded|failed/);
  return id;
}

test('jobs are taught, listed, searched and compared, all by keyboard', async ({ page, lab }) => {
  await openLab(page, lab);
  await execute(page, 'modelops:open-jobs');
  const panel = page.locator('.jp-ModelOps-Jobs');
  await expect(panel.getByText('A job runs a notebook and keeps what came of it')).toBeVisible();
  await screenshot(page, 'jobs-empty');

  await writeTraining(lab);
  await Promise.all([
    ended(lab, { batch_size: 4, steps: 40 }, 'small-batch'),
    ended(lab, { batch_size: 2, steps: 80 }, 'smaller-batch'),
    ended(lab, { batch_size: 8 }, 'large-batch')
  ]);

  // They came in by themselves.
  await expect(panel.getByRole('row')).toHaveCount(4);
  await expect(panel.getByRole('row', { name: /large-batch/ })).toContainText('failed');
  await screenshot(page, 'jobs');
  await expectAccessible(page, '.jp-ModelOps-Jobs');

  await panel.getByRole('searchbox').focus();
  await page.keyboard.type('small');
  await expect(panel.getByRole('row')).toHaveCount(3);
  await panel
    .getByRole('checkbox', { name: /^Select/ })
    .first()
    .focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await panel.getByRole('button', { name: 'Compare (2)' }).focus();
  await page.keyboard.press('Enter');

  const comparison = page.locator('.jp-ModelOps-Comparison');
  await expect(comparison.getByRole('figure', { name: 'Loss', exact: true })).toBeVisible();
  await expect(comparison.getByRole('row', { name: /batch_size/ })).toContainText('≠');
  await expect(comparison.getByRole('row', { name: /^pause/ })).toBeHidden();
  await comparison.getByRole('checkbox', { name: 'Also what is the same' }).check();
  await expect(comparison.getByRole('row', { name: /^pause/ })).toBeVisible();
  await screenshot(page, 'comparison');
  await expectAccessible(page, '.jp-ModelOps-Comparison');
});

test('the sidebar leads to what ran, what was made, and all jobs', async ({ page, lab }) => {
  await writeTraining(lab);
  await Promise.all([ended(lab, { batch_size: 4 }, 'good'), ended(lab, { batch_size: 8 }, 'bad')]);
  await openLab(page, lab);
  await page.getByRole('tab', { name: 'ModelOps' }).click();
  const sidebar = page.getByRole('region', { name: 'ModelOps' });

  await expect(sidebar.getByRole('button', { name: /Reports/ })).toBeVisible();
  await sidebar.getByRole('button', { name: /bad.*why/ }).click();
  await expect(page.getByRole('tab', { name: '✗ bad' })).toBeVisible();
  await sidebar.getByRole('button', { name: 'All jobs' }).click();
  await expect(page.locator('.jp-ModelOps-Jobs')).toBeVisible();
  await screenshot(page, 'sidebar');
  await expectAccessible(page, '#jp-modelops-sidebar');
});
