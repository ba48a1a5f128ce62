import { join } from 'node:path';

import {
  execute,
  expect,
  expectAccessible,
  ILabServer,
  openLab,
  test,
  withLab,
  writeNotebook
} from './lab';
import { pictures, screenshot } from './screenshots';
import { ROOT, run } from './served';
import { withWriter } from './writer';

test.describe.configure({ timeout: 240_000 });

const PAGES = {
  'bread.md': '# Bread\n\nBread is baked with flour and yeast.\n\n# Time\n\nA day is long.\n',
  'solar.md': '# Solar panels\n\nSolar panels turn light into electricity.\n',
  'hostile.md': '# Click\n\nThe river <img src=x onerror="window.hacked=1"> flows to the sea.\n',
  'empty.txt': ''
};

test('Documents are dropped, indexed, asked, and a citation opens its passage', async ({
  page
}) => {
  await withWriter('Bread is baked with flour [1].', async writer => {
    await withLab([writer.argument, '--ModelOpsApp.rag_endpoint=writer'], async lab => {
      const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
      const script = join(ROOT, 'tests/ui/searchable.py');
      await run(join(ROOT, '.venv/bin/python'), [script, 'tiny-embedder'], { env });

      await test.step('drop', async () => {
        await openLab(page, lab);
        const changes = { embedder: 'tiny-embedder', index_name: 'handbook', chunk_size: 32 };
        await execute(page, 'modelops:open-run', {
          template: 'rag-index',
          changes: { ...changes, overlap: 4 }
        });
        const dataTransfer = await page.evaluateHandle(pages => {
          const dropped = new DataTransfer();
          for (const [name, text] of Object.entries(pages)) {
            dropped.items.add(new File([text], name));
          }
          return dropped;
        }, PAGES);
        await page.locator('.jp-ModelOps-drop').dispatchEvent('drop', { dataTransfer });
        await expect(page.getByLabel('Documents', { exact: true })).toHaveValue('documents');
        await page.getByText('checks passed').press('Enter');
        await expect(page.getByText('Read are 4 files.')).toBeVisible();
        await expectAccessible(page, '.jp-ModelOps-Setup');
        await screenshot(page, 'documents-dropped');
      });

      await test.step('index', async () => {
        await page.getByRole('button', { name: 'Run', exact: true }).click();
        await page
          .getByRole('button', { name: 'Search and ask' })
          .press('Enter', { timeout: 120_000 });
      });

      const panel = page.locator('.jp-ModelOps-Ask');
      const opened = panel.getByRole('complementary', { name: 'Document' });
      await test.step('ask', async () => {
        await panel.getByRole('textbox', { name: 'Question' }).fill('Who bakes bread with flour?');
        await panel.getByLabel('Find by').selectOption('words');
        await panel.getByRole('button', { name: 'Ask', exact: true }).press('Enter');
        const answer = panel.getByRole('article', { name: 'Answer' });
        await expect(answer).toContainText('Bread is baked with flour [1].', { timeout: 60_000 });
        await expect(answer).toContainText('1 of 1 sentences share most of their words');
        await answer.getByRole('button', { name: 'Passage 1, in bread.md' }).press('Enter');
        await expect(opened.locator('mark')).toContainText('Bread is baked with flour and yeast.');
        await screenshot(page, 'documents-asked');
        await opened.getByRole('button', { name: 'Close the document' }).press('Enter');
      });

      await test.step('search, and read', async () => {
        await panel.getByRole('button', { name: 'Search' }).press('Enter');
        const passages = panel.getByRole('table', { name: 'Passages' });
        await expect(passages.getByRole('button').first()).toContainText('bread.md · Bread');
        await passages.getByRole('button').first().press('Enter');
        await opened.getByRole('button', { name: 'The next chunk' }).press('Enter');
        await expect(opened.locator('mark')).toContainText('A day is long.');
        await expectAccessible(page, '.jp-ModelOps-Ask');
        await opened.getByRole('button', { name: 'Close the document' }).press('Enter');
        await panel.getByText('1 left out').press('Enter');
        await expect(panel.getByText('empty.txt')).toBeVisible();
        await panel.getByText('3 documents').press('Enter');
        await panel.getByRole('button', { name: 'hostile.md' }).press('Enter');
        await expect(opened.locator('pre')).toContainText('flows to the sea.');
        expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
        await expect(panel.locator('img')).toHaveCount(0);
      });

      await test.step('ask in a notebook', async () => {
        await inNotebook(page, lab);
      });
      await run(join(ROOT, '.venv/bin/modelops'), ['endpoints', 'stop', 'handbook-v1'], { env });
    });
  });
});

async function inNotebook(page: Parameters<typeof openLab>[0], lab: ILabServer): Promise<void> {
  await writeNotebook(lab, 'ask.ipynb', 'import modelops\nmodelops.widgets.Ask("handbook")');
  await execute(page, 'docmanager:open', { path: 'ask.ipynb', kernel: { name: 'python3' } });
  await page.getByText('Python 3 (ipykernel) | Idle').waitFor();
  await execute(page, 'notebook:run-all-cells');
  const widget = page.locator('.jp-ModelOpsWidget-root');
  await widget.getByLabel('Question').fill('Who bakes bread with flour?');
  await widget.getByRole('button', { name: 'Ask' }).press('Enter');
  await expect(widget).toContainText('Bread is baked with flour [1].', { timeout: 60_000 });
  await expect(widget).toContainText('1 of 1 sentences share most of their words');
  await widget.getByRole('button', { name: 'Passage 1, in bread.md' }).press('Enter');
  await expect(widget.locator('mark')).toContainText('Bread is baked with flour and yeast.');
  await expectAccessible(page, '.jp-ModelOpsWidget-root');
  await pictures(page, widget, 'widget-ask');
}
