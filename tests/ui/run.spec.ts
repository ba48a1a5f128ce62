import { Locator, Page } from '@playwright/test';

import { ask, execute, expect, expectAccessible, ILabServer, openLab, submit, test } from './lab';
import { screenshot } from './screenshots';
import { TRAINING, writeTraining } from './training';

const GOOD = { batch_size: 4 };

/** The panel of a job. */
async function openJob(page: Page, id: string): Promise<Locator> {
  await execute(page, 'modelops:open-run', { job: id });
  const panel = page.locator('.jp-ModelOps-Job:visible');
  await expect(panel.getByText(id)).toBeVisible();
  return panel;
}

async function stateOf(lab: ILabServer, id: string): Promise<string> {
  return (await ask<{ state: string }>(lab, `jobs/${id}`)).state;
}

/** The step that a plot shows as its latest. */
async function step(panel: Locator): Promise<number> {
  const text = await panel.locator('.jp-ModelOps-step').first().textContent();
  return Number(text?.replace(/\D/g, ''));
}

test.beforeAll(async ({ lab }) => {
  await writeTraining(lab);
});

test('a run is followed live, survives a reload, and shows what it made', async ({ page, lab }) => {
  await openLab(page, lab);
  const id = await submit(lab, TRAINING, { ...GOOD, steps: 150, pause: 0.04 });

  let panel = await openJob(page, id);
  await expect(panel.getByRole('figure', { name: 'Loss' }).locator('canvas')).toBeVisible();
  const before = await step(panel);
  await expect.poll(() => step(panel)).toBeGreaterThan(before);
  await expect(panel.getByText(/training: \d+ of 150 steps · \d+ % · .* left/)).toBeVisible();
  await expect(page.getByRole('tab', { name: /▸ train \d+ %/ })).toBeVisible();
  await screenshot(page, 'run-running');

  await page.goto(`${lab.url}lab`);
  panel = page.locator('.jp-ModelOps-Job:visible');
  await expect.poll(() => step(panel)).toBeGreaterThan(before);
  await expect(panel.getByText('I do not know.')).toBeVisible();

  await expect(panel.getByText('✓ verified')).toBeVisible();
  await expect(panel.getByText('Held-out loss')).toBeVisible();
  await expect(panel.getByText('It returns a shallow copy.')).toBeVisible();
  await expect(panel.getByText('step 150', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('train has succeeded.')).toBeVisible();
  await screenshot(page, 'run-succeeded');
  await expectAccessible(page, '.jp-ModelOps-Job');

  await panel.getByText('Values as a table').click();
  await expect(panel.getByRole('row', { name: /^loss/ })).toContainText('150');

  await panel.getByRole('button', { name: 'Open the executed notebook' }).click();
  await expect(page.getByRole('tab', { name: `${id}.ipynb` })).toBeVisible();
});

test('a run is cancelled after one question, by keyboard', async ({ page, lab }) => {
  await openLab(page, lab);
  const id = await submit(lab, TRAINING, { ...GOOD, steps: 5000 });
  const panel = await openJob(page, id);
  await expect(panel.locator('.jp-ModelOps-step').first()).toBeVisible();

  await panel.getByRole('button', { name: 'Cancel…' }).focus();
  await page.keyboard.press('Enter');
  await expect(panel.getByText('Nothing that it made is registered.')).toBeVisible();
  await expect(panel.getByRole('button', { name: 'Keep running' })).toBeFocused();
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');

  await expect(panel.getByRole('listitem').filter({ hasText: /^cancelled$/ })).toBeVisible();
  expect(await stateOf(lab, id)).toBe('cancelled');
});

test('a run that failed says why and where, and is set up again', async ({ page, lab }) => {
  await openLab(page, lab);
  await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  const id = await submit(lab, TRAINING, { batch_size: 8 });
  const panel = await openJob(page, id);

  const reason = panel.getByRole('status').filter({ hasText: 'A batch of more than 4 rows' });
  await expect(reason).toContainText('ValueError in cell');
  await expect(reason).toContainText('raise ValueError');
  await expect(panel.getByRole('log')).toContainText('step 12');
  await screenshot(page, 'run-failed-dark');
  await expectAccessible(page, '.jp-ModelOps-Job');

  await panel.getByRole('button', { name: 'Change and run again…' }).click();
  await expect(panel).toBeHidden();
});

test('a run that took too long is tried again with what is proposed', async ({ page, lab }) => {
  await openLab(page, lab);
  const slow = { ...GOOD, steps: 150, pause: 0.04 };
  const id = await submit(lab, TRAINING, slow, { options: { cell_timeout: 5 } });
  const panel = await openJob(page, id);

  await panel.getByRole('button', { name: 'Try again with up to 10.0 s for a cell' }).click();

  const again = page.locator('.jp-ModelOps-Job:visible').filter({ hasText: '✓ verified' });
  await expect(again).toBeVisible();
  await expect(again.getByText(id)).toBeHidden();
});

test('a server that is killed and comes back finds its run going on', async ({ page, lab }) => {
  await openLab(page, lab);
  const id = await submit(lab, TRAINING, { ...GOOD, steps: 4000, pause: 0.05 });
  const panel = await openJob(page, id);
  await expect.poll(() => step(panel)).toBeGreaterThan(5);

  await lab.kill();
  await expect(panel.getByText('The server cannot be reached.')).toBeVisible();
  const before = await step(panel);
  await screenshot(page, 'run-server-lost');
  await lab.start();

  await expect(panel.getByText('The server cannot be reached.')).toBeHidden({ timeout: 30_000 });
  await expect.poll(() => step(panel), { timeout: 30_000 }).toBeGreaterThan(before);
  await ask(lab, `jobs/${id}/cancel`, {});
});
