import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, expectAccessible, openLab, runCommand, test, withLab } from './lab';
import { screenshot } from './screenshots';

const LOCK = `
title = "Small"
summary = "Has nothing of its own."
python = ">=3.11"
imports = ["modelops"]
disk = 60_000
minutes = 0.1
`;

/** A notebook that prints where its Python is. */
const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
    modelops: { title: 'Look around', environment: 'small' }
  },
  cells: [
    {
      id: 'look',
      cell_type: 'code',
      metadata: {},
      source: 'import sys\nprint(sys.prefix)',
      execution_count: null,
      outputs: []
    }
  ]
};

test('a template whose environment is missing says what it costs, makes it, and runs in it', async ({
  page
}) => {
  // A server of its own: the other files' tests begin without jobs.
  await withLab([], async lab => {
    const home = join(lab.folder, 'modelops');
    for (const [folder, file, text] of [
      ['locks', 'small.toml', LOCK],
      ['templates', 'look-around.ipynb', JSON.stringify(NOTEBOOK)]
    ] as const) {
      await mkdir(join(home, folder), { recursive: true });
      await writeFile(join(home, folder, file), text);
    }
    await openLab(page, lab);
    await runCommand(page, 'New run');
    await page
      .locator('.jp-ModelOps-templates li', { hasText: 'Look around' })
      .getByRole('button')
      .click();
    const panel = page.locator('.jp-ModelOps-Run');
    const create = panel.getByRole('button', { name: 'Create the environment' });
    await expect(panel).toContainText("The environment 'small' (Small) is not there.");
    await expect(panel).toContainText('60 kB on disk');
    await expectAccessible(page, '.jp-ModelOps-Run');
    await screenshot(page, 'environment-missing');

    await create.click();
    await expect(panel.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
    await expect(create).toHaveCount(0);
    await panel.getByRole('button', { name: 'Run', exact: true }).click();
    const prefix = join(home, 'environments', 'small');
    await expect(panel).toContainText(prefix, { timeout: 60_000 });
  });
});
