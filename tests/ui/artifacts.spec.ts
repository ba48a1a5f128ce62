import { Locator, Page } from '@playwright/test';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import {
  ask,
  execute,
  expect,
  expectAccessible,
  ILabServer,
  openLab,
  runCommand,
  test
} from './lab';
import { screenshot } from './screenshots';

const ROOT = resolve(__dirname, '../..');
const BIN = join(ROOT, '.venv/bin');

/** Where the pictures and frames of a hostile model card would be fetched from. */
const ELSEWHERE = '127.0.0.1:9/';

interface IArtifact {
  ref: string;
  aliases: string[];
}

/** Run a command of the virtual environment in the state home of a server. */
function inHome(lab: ILabServer, command: string, ...args: string[]): string {
  const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
  return execFileSync(join(BIN, command), args, { env, encoding: 'utf-8', cwd: lab.folder });
}

/** The panel that is shown in the main area. */
function panel(page: Page): Locator {
  return page.locator('.jp-ModelOps-Panel:visible');
}

async function openArtifact(page: Page, ref: string, tab = 'overview'): Promise<Locator> {
  await execute(page, 'modelops:open-artifact', { ref, tab });
  const shown = panel(page);
  // Its model card has headings, too.
  const title = shown.getByRole('heading', { level: 2 }).first();
  await expect(title).toContainText(ref.split('@')[0] ?? ref);
  return shown;
}

test('where nothing is yet, the list says what comes there and how to begin', async ({
  page,
  lab
}) => {
  await openLab(page, lab);
  await runCommand(page, 'Artifacts');

  await expect(panel(page)).toContainText('Datasets, models and what you make of them');
  await screenshot(page, 'artifacts-empty');
  await expectAccessible(page, '.jp-ModelOps-Panel');
  await panel(page).getByRole('button', { name: 'Fine-tune the example' }).click();

  await expect(page.locator('.jp-ModelOps-Run')).toBeVisible();
});

test.describe('with artifacts', () => {
  test.beforeAll(({ lab }) => {
    inHome(lab, 'python', join(ROOT, 'tests/ui/prepare.py'));
  });

  test('the list is found through by kind and words, and by keyboard alone', async ({
    page,
    lab
  }) => {
    await openLab(page, lab);
    await execute(page, 'modelops:open-artifacts');
    const list = panel(page);
    const names = list.locator('tbody tr');
    await expect(names).toHaveCount(8);
    await expect(list.getByRole('button', { name: 'Adapters 2' })).toBeVisible();

    // From the search box, which has the focus, to the kinds and the rows.
    await expect(list.getByRole('searchbox')).toBeFocused();
    await page.keyboard.type('pages');
    await expect(names).toHaveCount(1);
    for (let tabs = 0; tabs < 3; tabs += 1) {
      await page.keyboard.press('Tab');
    }
    await expect(names.first()).toBeFocused();
    await page.keyboard.press('ArrowRight');
    await expect(names).toHaveCount(2);
    await screenshot(page, 'artifacts');
    for (const theme of ['JupyterLab Dark', 'JupyterLab Light']) {
      await execute(page, 'apputils:change-theme', { theme });
      await expectAccessible(page, '.jp-ModelOps-Panel');
    }
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await expect(names.nth(1)).toBeFocused();
    await page.keyboard.press('Enter');

    await expect(panel(page).getByRole('heading', { level: 2 })).toHaveText('pages@1');
    await expect(panel(page).getByRole('definition').first()).toBeVisible();
  });

  test('models are picked from the list and compared: a picture, a table, and what differs', async ({
    page,
    lab
  }) => {
    await openLab(page, lab);
    await execute(page, 'modelops:open-artifacts', { kind: 'model' });
    const list = panel(page);
    await expect(list.getByRole('button', { name: 'Compare' })).toBeDisabled();
    await list.getByRole('checkbox', { name: 'Select tiny@1' }).check();
    await list.getByRole('checkbox', { name: 'Select tiny-q2_k@1' }).check();
    await list.getByRole('row', { name: 'tiny-q8_0' }).focus();
    await page.keyboard.press('Space');
    await list.getByRole('button', { name: 'Compare (3)' }).click();

    const shown = page.locator('.jp-ModelOps-Comparison:visible');
    await expect(shown.getByRole('heading', { level: 2 })).toHaveText('3 artifacts side by side');
    await expect(shown.getByRole('img')).toHaveAccessibleName(/q8_0: 3 kB, .* 1\.002\. It writes/);
    const measures = shown.getByRole('table', { name: 'Measures' });
    await expect(measures.getByRole('row', { name: 'Perplexity, times' })).toContainText(
      '0.998 to 1.006'
    );
    // What the others say of it stands in its own column.
    await expect(measures.getByRole('row', { name: /^Perplexity ↓ 22\.21/ })).toBeVisible();
    await expect(measures).toContainText('rejected');
    await expect(shown).toContainText(
      'What tiny-q8_0@1 does not state itself was measured by tiny-eval@1'
    );
    for (const theme of ['Dark', 'Light']) {
      await execute(page, 'apputils:change-theme', { theme: `JupyterLab ${theme}` });
      await screenshot(page, `artifacts-compared-${theme.toLowerCase()}`);
      await expectAccessible(page, '.jp-ModelOps-Comparison');
    }
    await measures.getByRole('button', { name: 'q2_k' }).click();
    await expect(panel(page)).toContainText('Rejected: it did not pass the gate');
  });

  test('an evaluation shows its measures, and the worst rows first', async ({ page, lab }) => {
    await openLab(page, lab);
    const shown = await openArtifact(page, 'tiny-eval@1');

    await expect(shown.getByRole('row', { name: 'F1' })).toContainText('15.2 %');
    const rows = shown.getByRole('region', { name: 'Worst rows first' }).getByRole('row');
    // What a model or a dataset says is text.
    await expect(rows.nth(1)).toContainText('What is <b>zip</b>?');
    await expect(rows.nth(2)).toContainText('What is a byte?');
    await screenshot(page, 'evaluation');
    await expectAccessible(page, '.jp-ModelOps-Panel');
  });

  test('a sound artifact is verified, and says who made it from what', async ({ page, lab }) => {
    await openLab(page, lab);
    const shown = await openArtifact(page, 'tiny-lora@1');
    await expect(shown).toContainText('2.72 → 2.252 nats a token');
    await expect(shown).toContainText('not checked yet in this session');

    await shown.getByRole('button', { name: 'Verify' }).click();
    await shown.getByRole('button', { name: 'verified', exact: true }).click();

    const made = shown.getByRole('region', { name: 'Provenance' });
    await expect(made).toContainText('Signature and every byte were checked');
    await expect(made).toContainText('base model tiny@1');
    await screenshot(page, 'artifact');
    await expectAccessible(page, '.jp-ModelOps-Panel');
    await made.getByRole('button', { name: 'sft-demo0001' }).click();
    await expect(page.locator('.jp-ModelOps-Run')).toBeVisible();
  });

  test('a tampered artifact is refused with its reason, and cannot be used or saved', async ({
    page,
    lab
  }) => {
    await openLab(page, lab);
    await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
    const shown = await openArtifact(page, 'tampered@1');

    await shown.getByRole('button', { name: 'Export' }).click();

    await expect(shown.getByRole('status').filter({ hasText: 'bytes' })).toContainText(
      "'adapter_model.safetensors' has 6 bytes; 9 were signed."
    );
    await expect(shown).toContainText('size_mismatch');
    await expect(shown.getByRole('button', { name: 'Export' })).toBeHidden();
    await expect(shown.getByRole('button', { name: 'Merge an adapter…' })).toBeHidden();
    await screenshot(page, 'artifact-refused-dark');
    await expectAccessible(page, '.jp-ModelOps-Panel');
  });

  test('a file that is not what was signed is not saved, and the panel says why', async ({
    page,
    lab
  }) => {
    const downloads: string[] = [];
    page.on('download', download => downloads.push(download.suggestedFilename()));
    await openLab(page, lab);
    const refused = await openArtifact(page, 'tampered@1', 'files');

    await refused.getByRole('link', { name: 'adapter_model.safetensors' }).click();

    const reason = refused.getByRole('status').filter({ hasText: '6 bytes; 9 were signed' });
    await expect(reason.locator('.jp-ModelOps-hint')).not.toBeEmpty();
    await expect(refused.getByRole('button', { name: 'not what was signed' })).toBeVisible();
    await screenshot(page, 'artifact-file-refused');

    // One that is sound, after it: a refused download would have come before.
    const sound = await openArtifact(page, 'tiny-lora@1', 'files');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      sound.getByRole('link', { name: 'adapter_model.safetensors' }).click()
    ]);
    expect(await readFile(await download.path(), 'utf-8')).toBe('update');
    expect(downloads).toEqual(['adapter_model.safetensors']);
  });

  test('an alias is moved to another version, and removed', async ({ page, lab }) => {
    const aliases = async (ref: string): Promise<string[]> =>
      (await ask<IArtifact>(lab, `artifacts/${ref}`)).aliases;
    await openLab(page, lab);
    const shown = await openArtifact(page, 'pages@2');

    await shown.getByRole('button', { name: 'Add alias…' }).click();
    await page.keyboard.type('stable');
    await expect(shown.getByRole('button', { name: 'Move here from @1' })).toBeVisible();
    await page.keyboard.press('Enter');
    await expect(shown.getByRole('button', { name: 'Remove alias stable' })).toBeVisible();
    expect(await aliases('pages@2')).toEqual(['stable']);
    expect(await aliases('pages@1')).toEqual([]);

    await shown.getByRole('button', { name: 'Remove alias stable' }).click();
    await expect(shown.getByRole('button', { name: 'Remove alias stable' })).toBeHidden();
    expect(await aliases('pages@2')).toEqual([]);
  });

  test('the lineage leads from an artifact to what it was made from, and back', async ({
    page,
    lab
  }) => {
    await openLab(page, lab);
    const shown = await openArtifact(page, 'tiny-merged@1', 'lineage');
    const heading = shown.getByRole('heading', { level: 2 });
    const graph = shown.getByRole('group', { name: /^Lineage/ });
    await expect(graph.getByRole('button')).toHaveCount(8);

    await graph.getByRole('button', { name: 'tiny-lora@1' }).click();
    await expect(heading).toHaveText('tiny-lora@1');
    await screenshot(page, 'artifact-lineage');
    await expectAccessible(page, '.jp-ModelOps-Panel');
    // By keyboard: to the job that made it, and to what that job was given.
    await graph.locator('[aria-current]').focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await expect(heading).toHaveText(/^(pages@2|tiny@1)$/);

    await shown.getByRole('button', { name: 'Back' }).click();
    await expect(heading).toHaveText('tiny-lora@1');
    await shown.getByRole('checkbox', { name: 'As a list' }).check();
    await expect(shown.getByRole('listitem').filter({ hasText: 'pages@2' }).last()).toBeVisible();
    await expectAccessible(page, '.jp-ModelOps-Panel');
  });

  test('an export verifies with the command line', async ({ page, lab }) => {
    await openLab(page, lab);
    const shown = await openArtifact(page, 'tiny-lora@1');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      shown.getByRole('button', { name: 'Export' }).click()
    ]);
    expect(download.suggestedFilename()).toBe('tiny-lora-1.tar');
    const folder = join(lab.folder, 'export');
    await mkdir(folder);
    await download.saveAs(join(folder, 'export.tar'));
    execFileSync('tar', ['-xf', 'export.tar'], { cwd: folder });

    const said = inHome(lab, 'modelops', 'artifacts', 'verify', join(folder, 'tiny-lora-1'));

    expect(said).toContain('tiny-lora@1');
  });

  test('a hostile model card does nothing, and asks nobody for anything', async ({ page, lab }) => {
    const asked: string[] = [];
    page.on('request', request => asked.push(request.url()));
    await openLab(page, lab);
    const shown = await openArtifact(page, 'tiny-merged@1');
    const card = shown.getByRole('article', { name: 'README.md' });

    await expect(card).toContainText('An ordinary paragraph');
    await card.getByText('click me').click();
    await card.getByText('and me').click();
    await card.getByText('press me').click();

    await expect(card.locator('img, button, input, form, iframe, script, [style]')).toHaveCount(0);
    await expect(card).toContainText('a picture from elsewhere');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(asked.filter(url => url.includes(ELSEWHERE))).toEqual([]);
    await shown.getByRole('tab', { name: 'Attestation' }).click();
    await expect(shown.getByRole('tabpanel')).toContainText('https://slsa.dev/provenance/v1');
    await expect(shown.getByRole('tabpanel')).toContainText('subject');
  });
});
