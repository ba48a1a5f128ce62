import { Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ask, execute, expect, ILabServer, openLab, test, writeNotebook } from './lab';

interface IJob {
  name: string;
  template: string;
  state: string;
}

/** Run what is set up, and wait until the newest job has ended well. */
async function runToTheEnd(page: Page, lab: ILabServer, name: string): Promise<void> {
  await page.locator('.jp-ModelOps-Run:visible').getByRole('button', { name: 'Run' }).click();
  await expect(async () => {
    const { jobs } = await ask<{ jobs: IJob[] }>(lab, 'jobs?limit=1');
    expect(jobs[0]).toMatchObject({ name, state: 'succeeded' });
  }).toPass({ timeout: 60_000 });
  await expect(page.locator('.jp-ModelOps-Run:visible')).toContainText('succeeded', {
    ignoreCase: true
  });
}

test('a notebook without parameters runs as a job from the file browser', async ({ page, lab }) => {
  await writeNotebook(lab, 'plain.ipynb', 'print(6 * 7)');
  await openLab(page, lab);
  const file = page.locator('.jp-DirListing-item', { hasText: 'plain.ipynb' });

  await file.click({ button: 'right' });
  await page.getByRole('menuitem', { name: 'Run as Job…' }).click();

  await runToTheEnd(page, lab, 'plain');
});

test('a notebook is saved before it runs as a job from its toolbar', async ({ page, lab }) => {
  await writeNotebook(lab, 'greeting.ipynb', '# parameters\nname: str = "world"', 'print(name)');
  await openLab(page, lab);
  await execute(page, 'docmanager:open', { path: 'greeting.ipynb' });
  const cells = page.locator('.jp-Notebook .cm-content');
  await expect(cells).toHaveCount(2);
  await cells.last().click();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('print("edited")');

  await page.getByRole('button', { name: 'Save this notebook, and set up a job' }).click();

  await runToTheEnd(page, lab, 'greeting');
  expect(await readFile(join(lab.folder, 'greeting.ipynb'), 'utf-8')).toContain('edited');
});

test('a parameters cell that is broken is told with its line', async ({ page, lab }) => {
  await writeNotebook(lab, 'broken.ipynb', '# parameters\nsteps: int = 10\nrate: float = 1 +', '1');
  await openLab(page, lab);
  await execute(page, 'modelops:run-notebook', { path: 'broken.ipynb' });

  const panel = page.locator('.jp-ModelOps-Run:visible');

  await expect(panel).toContainText('Line 3');
  await expect(panel.getByRole('button', { name: 'Run', exact: true })).toBeHidden();
});
