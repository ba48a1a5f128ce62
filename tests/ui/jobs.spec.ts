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

test('a narrow panel shows what matters most of each job, and scrolls at most the table', async ({
  page,
  lab
}) => {
  await writeTraining(lab);
  await Promise.all([
    ended(lab, { batch_size: 4 }, 'support-bot-with-a-long-name'),
    ended(lab, { batch_size: 8 }, 'too-large')
  ]);
  const running = await submit(lab, TRAINING, { pause: 1, steps: 500 }, { name: 'at-work' });
  await openLab(page, lab);
  await execute(page, 'modelops:open-jobs');
  const panel = page.locator('.jp-ModelOps-Jobs');
  const columns = panel.getByRole('columnheader');
  /** How many pixels of the panel, and of the table in it, are out of sight. */
  const unseen = (): Promise<number[]> =>
    panel.evaluate(node =>
      [node, ...node.querySelectorAll('.jp-ModelOps-scrolled')].map(
        part => part.scrollWidth - part.clientWidth
      )
    );
  await expect(columns).toHaveCount(9);
  await expect(panel.getByRole('row', { name: /at-work/ })).toContainText('running');
  const { width: whole, height } = page.viewportSize() ?? { width: 0, height: 0 };
  // Known once: right after a change of size the panel still has the one before.
  const beside = whole - (await panel.evaluate(node => node.clientWidth));
  const resize = async (width: number): Promise<void> => {
    await page.setViewportSize({ width: width + beside, height });
    await expect.poll(() => panel.evaluate(node => node.clientWidth)).toBe(width);
  };

  await resize(500);
  expect(await unseen()).toEqual([0, 0]);
  await expect(columns).toHaveText([
    'Select',
    'State',
    'Name',
    'Submitted ▾',
    'Duration',
    'Actions'
  ]);
  for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
    await execute(page, 'apputils:change-theme', { theme });
    await expectAccessible(page, '.jp-ModelOps-Jobs');
    await screenshot(page, `jobs-narrow${theme.endsWith('Dark') ? '-dark' : ''}`);
  }
  await panel.getByRole('button', { name: 'Cancel at-work…' }).click();
  const question = panel.getByRole('button', { name: 'Cancel the run' });
  expect(await question.evaluate(node => node.scrollHeight - node.clientHeight)).toBe(0);
  expect(await unseen()).toEqual([0, 0]);
  await screenshot(page, 'jobs-narrow-question');

  await resize(300);
  expect((await unseen())[0]).toBe(0);
  await screenshot(page, 'jobs-narrowest');
  await ask(lab, `jobs/${running}/cancel`, {});
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
