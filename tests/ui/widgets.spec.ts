import { Locator, Page } from '@playwright/test';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execute, expect, expectAccessible, ILabServer, openLab, test } from './lab';
import { pictures } from './screenshots';

const IMPORTS = `
from typing import Annotated, Literal
from pydantic import Field
`;

const PARAMETERS = `
steps: Annotated[int, Field(ge=1, le=100000)] = 30  # Steps to take
method: Literal["lora", "full"] = "lora"  # What is trained
dry: bool = False  # Register nothing
# --- Optimisation ---
learning_rate: Annotated[float, Field(gt=0, le=1)] | None = None  # Peak learning rate; empty: 1e-3
fail: bool = False  # End with an error half way
seconds: Annotated[float, Field(ge=0)] = 1.0  # What it takes
`;

const CODE = `
import modelops, time
print("begins <img src=x onerror=alert(1)>" if fail else "begins", flush=True)
for step in range(1, steps + 1):
    modelops.log_metric(step, loss=2 / step ** 0.5, learning_rate=1e-3 * (1 - step / steps))
    if step % 10 == 0:
        modelops.log_metric(step, eval_loss=2.2 / step ** 0.5)
    if step % max(1, steps // 30) == 0:
        modelops.log_progress(step, steps, "steps", "training")
        time.sleep(seconds / 30)
    if fail and step > steps / 2:
        raise ValueError("the loss <b>exploded</b>")
if not dry:
    folder = modelops.output_folder("report")
    (folder / "report.md").write_text("fine")
    modelops.log_artifact(folder, "tiny-report", "report")
`;

function notebook(presets: object, ...cells: { source: string; tags?: string[] }[]): string {
  return JSON.stringify({
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3 (ipykernel)', language: 'python' },
      modelops: {
        title: 'A tiny run',
        summary: 'Curves, progress, a log and a report, in a second.',
        presets
      }
    },
    cells: cells.map(({ source, tags = [] }, index) => ({
      cell_type: 'code',
      id: `cell-${index}`,
      metadata: { tags },
      source: source.trim(),
      execution_count: null,
      outputs: []
    }))
  });
}

/** Open a notebook with one cell, run it, and return what it shows. */
async function shown(page: Page, lab: ILabServer, name: string, source: string): Promise<Locator> {
  await writeFile(
    join(lab.folder, 'tiny.ipynb'),
    notebook(
      { 'Quick look': { steps: 5, seconds: 0 } },
      { source: IMPORTS },
      { source: PARAMETERS, tags: ['parameters'] },
      { source: CODE }
    )
  );
  await writeFile(join(lab.folder, `${name}.ipynb`), notebook({}, { source }));
  await openLab(page, lab);
  await execute(page, 'docmanager:open', { path: `${name}.ipynb`, kernel: { name: 'python3' } });
  await page.getByText('Python 3 (ipykernel) | Idle').waitFor();
  await execute(page, 'notebook:run-all-cells');
  const widget = page.locator('.jp-ModelOpsWidget-root');
  await widget.waitFor({ timeout: 60_000 });
  return widget;
}

const RUN = 'import modelops\njob = modelops.Client().run("tiny.ipynb", PARAMETERS)\n';

test('JobView follows a job from its start to what it has made', async ({ page, lab }) => {
  const source = RUN.replace('PARAMETERS', '{"steps": 200, "seconds": 3}');
  const widget = await shown(page, lab, 'follow', `${source}modelops.widgets.JobView(job)`);

  await expect(widget).toContainText('training');
  await expect(widget.getByRole('progressbar')).toBeVisible();
  await expect(widget.getByRole('img', { name: /^loss: loss .* eval loss / })).toBeVisible();
  await expect(widget.getByRole('status')).toContainText('✓ succeeded');
  await expect(widget).toContainText('tiny-report@1');
  await expect(widget.getByRole('log')).toContainText('begins');
  await expect(widget.getByRole('button', { name: 'Cancel' })).toBeHidden();
  await pictures(page, widget, 'widget-job');
  await expectAccessible(page, '.jp-ModelOpsWidget-root');
});

test('JobView cancels by keyboard, and says what is kept', async ({ page, lab }) => {
  const source = RUN.replace('PARAMETERS', '{"seconds": 600}');
  const widget = await shown(page, lab, 'cancel', `${source}modelops.widgets.JobView(job)`);

  await expect(widget.getByRole('log')).toContainText('begins');
  await expect(widget).toContainText('its log and checkpoints are kept');
  await widget.getByRole('button', { name: 'Cancel' }).focus();
  await page.keyboard.press('Enter');

  await expect(widget.getByRole('status')).toContainText('■ cancelled');
});

test('JobView says why a job failed, as text', async ({ page, lab }) => {
  const source = RUN.replace('PARAMETERS', '{"fail": True, "seconds": 0}');
  const widget = await shown(page, lab, 'failed', `${source}modelops.widgets.JobView(job)`);

  await expect(widget.getByRole('status')).toContainText('✗ failed');
  await expect(widget).toContainText('the loss <b>exploded</b>');
  await expect(widget).toContainText('cell 4 of 4');
  await expect(widget.getByRole('log')).toContainText('begins <img src=x onerror=alert(1)>');
  await expect(widget.locator('b, img')).toHaveCount(0);
  await pictures(page, widget, 'widget-failed');
});

test('a page that is loaded again shows everything from the beginning', async ({ page, lab }) => {
  const source = RUN.replace('PARAMETERS', '{"seconds": 0}');
  const widget = await shown(page, lab, 'reload', `${source}modelops.widgets.JobView(job)`);
  await expect(widget.getByRole('status')).toContainText('✓ succeeded');

  await execute(page, 'docmanager:save');
  await page.goto(`${lab.url}lab/tree/reload.ipynb?token=${lab.token}`);

  await expect(widget.getByRole('status')).toContainText('✓ succeeded', { timeout: 60_000 });
  await expect(widget.getByRole('img', { name: /^loss: / })).toBeVisible();
  await expect(widget.getByRole('log')).toContainText('begins');
});

test('ten thousand points arrive whole, and six hundred are drawn', async ({ page, lab }) => {
  const source = `${RUN.replace('PARAMETERS', '{"seconds": 0}')}job.wait(progress=False)
import json, pathlib
with (pathlib.Path(job.record["folder"]) / "events.jsonl").open("a") as journal:
    for step in range(100, 10001):
        event = {"type": "metric", "time": 0, "step": step, "values": {"loss": 1 / step, "grad_norm": step % 7}}
        print(json.dumps(event), file=journal)
modelops.widgets.JobView(job)`;
  const widget = await shown(page, lab, 'many', source);

  await expect(widget).toContainText('step 10000');

  const curve = await widget.locator('polyline').first().getAttribute('points');
  expect(curve?.split(' ').length).toBe(600);
});

test('ArtifactView verifies, and says what was changed', async ({ page, lab }) => {
  const source = `${RUN.replace('PARAMETERS', '{"seconds": 0}')}job.wait(progress=False)
view = modelops.widgets.ArtifactView(job.artifacts[0])
view`;
  const widget = await shown(page, lab, 'artifact', source);

  await expect(widget).toContainText('report.md');
  await expect(widget).toContainText('Made from');
  await expect(widget.getByRole('status')).toContainText('not verified yet');
  await widget.getByRole('button', { name: 'Verify' }).focus();
  await page.keyboard.press('Enter');
  await expect(widget.getByRole('status')).toContainText('✓ verified');
  await pictures(page, widget, 'widget-artifact');
  await expectAccessible(page, '.jp-ModelOpsWidget-root');

  await tamper(lab, 'fine');
  await widget.getByRole('button', { name: 'Verify' }).click();
  await expect(widget.getByRole('status')).toContainText('✗ not verified');
  await expect(widget).toContainText('report.md');
});

test('TrainForm is filled in, checked, run and followed by keyboard alone', async ({
  page,
  lab
}) => {
  const widget = await shown(
    page,
    lab,
    'form',
    'import modelops\nmodelops.widgets.TrainForm("tiny.ipynb")'
  );
  const status = widget.getByRole('status');

  await expect(status).toHaveText('✓ Ready');
  await widget.getByLabel('Preset').selectOption('Quick look');
  await expect(widget.getByLabel('Steps')).toHaveValue('5');
  await widget.getByLabel('Steps').focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('0');
  await expect(status).toHaveText('✗ Not ready');
  await expect(widget.getByLabel('Steps')).toHaveAttribute('aria-invalid', 'true');
  await expect(widget.getByRole('button', { name: 'Run' })).toBeDisabled();

  await page.keyboard.press('Control+A');
  await page.keyboard.type('40');
  await expect(status).toHaveText('✓ Ready');
  await pictures(page, widget, 'widget-form');
  await expectAccessible(page, '.jp-ModelOpsWidget-root');
  await widget.getByText('Optimisation').focus();
  await page.keyboard.press('Enter');
  await widget.getByLabel('Learning rate').focus();
  await page.keyboard.type('0.5');
  await page.keyboard.press('Enter');

  await expect(status).toContainText('✓ succeeded', { timeout: 60_000 });
  await expect(widget).toContainText('step 40');
  await widget.getByRole('button', { name: 'Back to the form' }).press('Enter');
  await expect(widget.getByLabel('Steps')).toHaveValue('40');
  await expect(widget.getByLabel('Learning rate')).toHaveValue('0.5');
});

test('TrainForm says why a job cannot run yet, and what to do', async ({ page, lab }) => {
  const widget = await shown(
    page,
    lab,
    'sft',
    'import modelops\nmodelops.widgets.TrainForm("sft", {"base_model": "not-there"})'
  );

  await expect(widget.getByRole('status')).toHaveText('✗ Not ready');
  await expect(widget.getByLabel('Base model')).toHaveAttribute('aria-invalid', 'true');
  await expect(widget.getByRole('list', { name: 'Checks' })).toContainText('not-there');
  await widget.getByText('LoRA', { exact: true }).click();
  await expect(widget.getByLabel('Rank')).toHaveValue('16');
  await pictures(page, widget, 'widget-not-ready');
});

test('the kernel is free for the next cell while a widget works', async ({ page, lab }) => {
  const source = `${RUN.replace('PARAMETERS', '{"seconds": 600}')}from IPython.display import display
display(modelops.widgets.JobView(job))
print(sum(range(10)))
job.cancel()`;
  const widget = await shown(page, lab, 'free', source);

  await expect(page.locator('.jp-OutputArea')).toContainText('45');
  await expect(widget.getByRole('status')).toContainText('■ cancelled');
});

/** Change the stored file that has this content. */
async function tamper(lab: ILabServer, content: string): Promise<void> {
  const blobs = join(lab.folder, 'modelops/blobs');
  for (const entry of await readdir(blobs, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path, 'utf-8')) === content) {
      await chmod(path, 0o644);
      await writeFile(path, content.toUpperCase());
    }
  }
}
