import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ask, execute, expect, expectAccessible, openLab, submit, test } from './lab';
import { ROOT, run, withEndpoint } from './served';

test.describe.configure({ timeout: 240_000 });

const PAGES = {
  'bread.md': '# Bread\n\nBread is baked with flour and yeast.\n\n# Time\n\nA day is long.\n',
  'solar.md': '# Solar panels\n\nSolar panels turn light into electricity.\n',
  'hostile.md': '# Click\n\nThe river <img src=x onerror="window.hacked=1"> flows to the sea.\n',
  'empty.txt': ''
};

test('Documents are indexed, searched and read in their place', async ({ page }) => {
  await withEndpoint(async lab => {
    const folder = join(lab.folder, 'handbook');
    await mkdir(folder);
    for (const [name, text] of Object.entries(PAGES)) {
      await writeFile(join(folder, name), text);
    }
    const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
    const script = join(ROOT, 'tests/ui/searchable.py');
    await run(join(ROOT, '.venv/bin/python'), [script, 'tiny-embedder'], { env });
    const parameters = { documents: [folder], embedder: 'tiny-embedder', index_name: 'handbook' };
    const id = await submit(lab, 'rag-index', { ...parameters, chunk_size: 32, overlap: 4 });
    await expect(async () => {
      expect((await ask<{ state: string }>(lab, `jobs/${id}`)).state).toBe('succeeded');
    }).toPass({ timeout: 120_000 });

    await openLab(page, lab);
    await execute(page, 'modelops:open-ask');
    const panel = page.locator('.jp-ModelOps-Ask');
    await panel.getByRole('button', { name: 'handbook@1' }).press('Enter');
    await expect(panel.getByText('3 documents')).toBeVisible({ timeout: 60_000 });
    await panel.getByText('1 left out').press('Enter');
    await expect(panel.getByText('empty.txt')).toBeVisible();
    await expectAccessible(page, '.jp-ModelOps-Ask');

    await panel.getByRole('textbox', { name: 'Question' }).fill('Who bakes bread with flour?');
    await panel.getByLabel('Find by').selectOption('words');
    await panel.getByRole('button', { name: 'Search' }).press('Enter');
    const passages = panel.getByRole('table', { name: 'Passages' });
    await expect(passages.getByRole('button').first()).toContainText('bread.md · Bread');

    await passages.getByRole('button').first().press('Enter');
    const opened = panel.getByRole('complementary', { name: 'Document' });
    await expect(opened.locator('mark')).toContainText('Bread is baked with flour and yeast.');
    await opened.getByRole('button', { name: 'The next chunk' }).press('Enter');
    await expect(opened.locator('mark')).toContainText('A day is long.');
    await expectAccessible(page, '.jp-ModelOps-Ask');
    await opened.getByRole('button', { name: 'Close the document' }).press('Enter');

    await panel.getByText('3 documents').press('Enter');
    await panel.getByRole('button', { name: 'hostile.md' }).press('Enter');
    await expect(opened.locator('pre')).toContainText('flows to the sea.');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    await expect(panel.locator('img')).toHaveCount(0);

    await run(join(ROOT, '.venv/bin/modelops'), ['endpoints', 'stop', 'handbook-v1'], { env });
  });
});
