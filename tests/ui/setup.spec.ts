import { Locator, Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { execute, expect, expectAccessible, ILabServer, openLab, runCommand, test } from './lab';
import { screenshot } from './screenshots';

const ROOT = resolve(__dirname, '../..');

/** One test after the other: the state home goes from empty to one that can be trained in. */
test.describe.configure({ mode: 'serial' });

/** Register the model and the dataset that the form's defaults name; the model's files are in `tiny-model`, too. */
async function makeTrainable(lab: ILabServer): Promise<void> {
  const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
  const script = join(ROOT, 'tests/ui/trainable.py');
  await promisify(execFile)(
    join(ROOT, '.venv/bin/python'),
    [script, join(lab.folder, 'tiny-model')],
    { env }
  );
}

/** Press Tab until something has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(async () => {
    await page.keyboard.press('Tab');
    await expect(target).toBeFocused({ timeout: 50 });
  }).toPass({ intervals: [0], timeout: 30_000 });
}

const SAID = [1, 2, 3]
  .map(number => JSON.stringify({ prompt: `Say ${number}`, completion: `ok ${number}` }))
  .join('\n');

/** Open the form of a training as a person does. */
async function newTraining(page: Page, lab: ILabServer): Promise<Locator> {
  await openLab(page, lab);
  await runCommand(page, 'New run');
  const templates = page.locator('.jp-ModelOps-templates li');
  await expect(templates.first()).toContainText('Supervised fine-tuning');
  await templates.first().getByRole('button').click();
  const panel = page.locator('.jp-ModelOps-Run');
  await expect(panel.getByRole('button', { name: 'Run', exact: true })).toBeVisible();
  return panel;
}

test('where there is nothing yet, the form offers the example and names every bad row of a dataset', async ({
  page,
  lab
}) => {
  const good = {
    messages: [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: 'Ho' }
    ]
  };
  const unanswered = { messages: [{ role: 'user', content: 'Hi' }] };
  const lines = [good, unanswered, good].map(row => JSON.stringify(row));
  await writeFile(join(lab.folder, 'my-chats.jsonl'), `${lines.join('\n')}\nnot JSON\n`);
  const panel = await newTraining(page, lab);

  await expect(panel.getByRole('button', { name: 'Use the example' })).toHaveCount(2);
  await expect(panel.getByRole('heading', { name: 'Not ready', exact: true })).toBeVisible();
  await expect(panel.getByRole('button', { name: 'Run', exact: true })).toBeDisabled();
  await screenshot(page, 'setup-empty');
  await expectAccessible(page, '.jp-ModelOps-Run');

  await panel.getByRole('button', { name: 'Add to Dataset' }).click();
  await panel.getByLabel('or a path below').fill('my-chats.jsonl');
  await panel.getByRole('button', { name: 'Look' }).click();
  const bad = panel.getByRole('region', { name: 'Bad rows' });
  await expect(bad.getByRole('row')).toHaveCount(3);
  await expect(bad).toContainText('my-chats.jsonl2');
  await expect(bad).toContainText('my-chats.jsonl4');
  await expect(panel.getByText('2 usable rows of the format messages.')).toBeVisible();
  const add = panel.getByRole('button', { name: 'Add dataset' });
  await expect(add).toBeDisabled();
  await screenshot(page, 'setup-bad-rows');
  await expectAccessible(page, '.jp-ModelOps-Run');

  await panel.getByLabel('Skip these rows').check();
  await add.click();
  await expect(panel.getByLabel('Dataset', { exact: true })).toHaveValue('my-chats@1');
});

test('a file is uploaded, looked at, and picked once it is added', async ({ page, lab }) => {
  const panel = await newTraining(page, lab);

  await panel.getByRole('button', { name: 'Add to Dataset' }).click();
  await panel.getByLabel('File to upload').setInputFiles({
    name: 'said.jsonl',
    mimeType: 'application/jsonl',
    buffer: Buffer.from(SAID)
  });
  await expect(panel.getByText('3 usable rows of the format prompt-completion.')).toBeVisible();
  await panel.getByRole('button', { name: 'Next row' }).click();
  await expect(panel.getByText('Row 2 of 3')).toBeVisible();
  await panel.getByRole('button', { name: 'Add dataset' }).click();

  await expect(panel.getByLabel('Dataset', { exact: true })).toHaveValue('said@1');
});

test('a file is dropped on the form', async ({ page, lab }) => {
  const panel = await newTraining(page, lab);
  await panel.getByRole('button', { name: 'Add to Dataset' }).click();

  const dataTransfer = await page.evaluateHandle(text => {
    const dropped = new DataTransfer();
    dropped.items.add(new File([text], 'dropped.jsonl', { type: 'application/jsonl' }));
    return dropped;
  }, SAID);
  const drop = panel.locator('.jp-ModelOps-drop');
  await drop.dispatchEvent('dragover', { dataTransfer });
  await expect(drop).toHaveAttribute('data-over', 'true');
  await drop.dispatchEvent('drop', { dataTransfer });

  await expect(panel.getByText('3 usable rows of the format prompt-completion.')).toBeVisible();
});

test('with model and dataset the form is ready, and shows the first batch as the model sees it', async ({
  page,
  lab
}) => {
  await makeTrainable(lab);
  const panel = await newTraining(page, lab);

  await expect(panel.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
  await expect(panel.getByText(/ of .* memory \(±\d+ %\)/)).toBeVisible();
  await expect(panel.locator('.jp-ModelOps-tokens ins').first()).toContainText('ok ', {
    timeout: 30_000
  });
  await expect(panel.getByText(/\d+ rows, 0 cut off/)).toBeVisible({ timeout: 30_000 });
  await panel.getByRole('button', { name: 'as command' }).click();
  await expect(panel.getByText('modelops run sft')).toBeVisible();
  await screenshot(page, 'setup-ready-light');
  await expectAccessible(page, '.jp-ModelOps-Run');
  await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', 'JupyterLab Dark');
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
  await screenshot(page, 'setup-ready-dark');
  await expectAccessible(page, '.jp-ModelOps-Run');
});

test('a model is added by its form: cancelled, refused, then added unprobed and picked', async ({
  page,
  lab
}) => {
  const panel = await newTraining(page, lab);
  const add = async (source: string, name: string): Promise<void> => {
    await panel.getByLabel('Source').fill(source);
    await panel.getByLabel('Name', { exact: true }).fill(name);
    await panel.getByRole('button', { name: 'Add model' }).click();
  };
  await panel.getByRole('button', { name: 'Add to Base model' }).click();

  await add('tiny-model', 'mine');
  await panel.getByRole('button', { name: 'Cancel', exact: true }).click();
  await expect(panel.getByRole('button', { name: 'Add model' })).toBeEnabled();
  await add('no-such-folder', 'mine');
  await expect(panel.getByText(/no-such-folder/).first()).toBeVisible();
  // It was never trained, and so it looks damaged.
  await add('tiny-model', 'mine');
  await panel.getByLabel('Add it unprobed').check({ timeout: 60_000 });
  await screenshot(page, 'setup-add-model');
  await expectAccessible(page, '.jp-ModelOps-Run');
  await panel.getByRole('button', { name: 'Add model' }).click();

  await expect(panel.getByLabel('Base model', { exact: true })).toHaveValue('mine@1', {
    timeout: 60_000
  });
});

test('the guided path ends in a verified adapter, by keyboard alone', async ({ page, lab }) => {
  await openLab(page, lab);
  await page.keyboard.press('Control+Shift+C');
  await page.keyboard.type('New run');
  await page.keyboard.press('Enter');
  await tabTo(page, page.locator('.jp-ModelOps-templates button').first());
  await page.keyboard.press('Enter');
  const panel = page.locator('.jp-ModelOps-Run');
  await tabTo(page, panel.getByRole('button', { name: 'Run', exact: true }));
  await page.keyboard.press('Enter');

  await expect(panel.getByText('✓ verified')).toBeVisible({ timeout: 120_000 });
  await expect(panel.getByText('my-adapter@1').first()).toBeVisible();
  await expect(panel.getByText('Held-out loss', { exact: true })).toBeVisible();
  await screenshot(page, 'first-run');
  await panel.getByText('my-adapter@1').first().click();
  await expect(page.getByRole('tab', { name: 'my-adapter@1' })).toBeVisible();
});

test('changes are marked, told of at their fields, and taken back', async ({ page, lab }) => {
  const panel = await newTraining(page, lab);
  await panel.getByText('Advanced').click();

  const rank = panel.getByLabel('Rank', { exact: true });
  await rank.fill('0');
  await expect(rank).toHaveAccessibleDescription(/Rank must be at least 1\./);
  await expect(panel.getByText('Advanced (1 changed)')).toBeVisible();
  await expect(panel.getByText('Not ready: see the marked fields')).toBeVisible();
  await panel.getByRole('button', { name: 'Reset Rank to 16' }).click();
  await expect(rank).toHaveValue('16');

  await panel.getByLabel('Preset').selectOption('Thorough');
  await expect(rank).toHaveValue('32');
  await panel.getByRole('button', { name: 'Save as preset…' }).click();
  await panel.getByLabel('Title').fill('Mine');
  await page.keyboard.press('Enter');
  await expect(panel.getByLabel('Preset').locator('option')).toContainText(['Mine']);

  // What was set up is there again after a reload, once JupyterLab has stored its workspace, which it does at leisure.
  await expect(async () => {
    const headers = { Authorization: `token ${lab.token}` };
    const stored = await fetch(`${lab.url}lab/api/workspaces/default`, { headers });
    expect(await stored.text()).toMatch(/"rank": ?32/);
  }).toPass({ timeout: 15_000 });
  await page.reload();
  await expect(panel.getByText(/Advanced \(\d changed\)/)).toBeVisible();
  await expect(panel.getByLabel('Preset').locator('option:checked')).toHaveText('Thorough');
});

test('any notebook with a parameters cell has the form, and Ctrl+Enter runs it', async ({
  page,
  lab
}) => {
  const cell = (source: string, tags: string[]): object => ({
    cell_type: 'code',
    metadata: { tags },
    source,
    outputs: [],
    execution_count: null
  });
  const cells = [
    cell('greeting: str  # What to say\ntimes: int = 2  # How often', ['parameters']),
    cell('print(greeting * times)', [])
  ];
  const notebook = { nbformat: 4, nbformat_minor: 4, metadata: {}, cells };
  await writeFile(join(lab.folder, 'hello.ipynb'), JSON.stringify(notebook));
  await openLab(page, lab);
  await execute(page, 'modelops:open-run', { notebook: 'hello.ipynb' });
  const panel = page.locator('.jp-ModelOps-Run');

  const greeting = panel.getByLabel('Greeting', { exact: true });
  await greeting.fill('hi');
  await expect(greeting).toHaveAccessibleDescription('What to say');
  await page.keyboard.press('Control+Enter');

  await expect(greeting).toBeHidden();
  await expect(panel).toContainText('hello');
});

test('a model is quantized: what would come out, what did, and beside what it was made from', async ({
  page,
  lab
}) => {
  test.setTimeout(180_000);
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
