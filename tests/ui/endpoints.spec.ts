import { Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { appendFile, chmod } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import {
  ask,
  execute,
  expect,
  expectAccessible,
  ILabServer,
  openLab,
  runCommand,
  test,
  withLab
} from './lab';
import { screenshot } from './screenshots';

const ROOT = resolve(__dirname, '../..');
const run = promisify(execFile);

/** A server of its own with the tests' tiny model as `tiny`; the other files' tests begin without endpoints. */
async function withModel(use: (lab: ILabServer) => Promise<void>): Promise<void> {
  await withLab([], async lab => {
    const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
    const python = join(ROOT, '.venv/bin/python');
    await run(python, [join(ROOT, 'tests/ui/servable.py'), 'tiny'], { env });
    try {
      await use(lab);
    } finally {
      for (const { name } of (await ask<IList>(lab, 'endpoints')).endpoints) {
        await ask(lab, `endpoints/${name}/stop`, {});
      }
    }
  });
}

interface IList {
  endpoints: { name: string }[];
}

interface IFiles {
  files: { path: string; sha256: string }[];
}

/** Ask an endpoint as a client of OpenAI does, and return the HTTP status. */
async function complete(lab: ILabServer, key: string, tokens = 16): Promise<number> {
  const answer = await fetch(`${lab.url}modelops/openai/v1/chat/completions`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: 'tiny',
      max_tokens: tokens,
      stream: true,
      messages: [{ role: 'user', content: 'Hello!' }]
    })
  });
  await answer.text();
  return answer.status;
}

async function inTheDark(page: Page, name: string): Promise<void> {
  await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Dark' });
  await expect(page.locator('body[data-jp-theme-light="false"]')).toHaveCount(1);
  await expect(page.locator('#jupyterlab-splash')).toHaveCount(0);
  await screenshot(page, `${name}-dark`);
  await execute(page, 'apputils:change-theme', { theme: 'JupyterLab Light' });
  await expect(page.locator('body[data-jp-theme-light="true"]')).toHaveCount(1);
}

test('a model is served, used by a key, stopped and removed', async ({ page }) => {
  await withModel(async lab => {
    await openLab(page, lab);
    await runCommand(page, 'Endpoints');
    const list = page.locator('.jp-ModelOps-Endpoints:visible');
    await expect(list).toContainText('It speaks the OpenAI API');
    await expectAccessible(page, '.jp-ModelOps-Endpoints');
    await screenshot(page, 'endpoints-empty');

    await list.getByRole('button', { name: 'Serve a model' }).click();
    const form = page.locator('.jp-ModelOps-Serve:visible');
    await form.getByLabel('Model or adapter').selectOption('tiny@1');
    await expect(form.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
    await expect(form).toContainText('served by llama.cpp');
    await form.getByText('Advanced').click();
    await form.getByLabel('Requests at the same time').fill('0');
    await expect(form.getByText('Give a whole number, 1 or more.')).toBeVisible();
    await expect(form.getByRole('button', { name: 'Start' })).toBeDisabled();
    await form.getByLabel('Requests at the same time').fill('2');
    await expect(form.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
    await expectAccessible(page, '.jp-ModelOps-Serve');
    await screenshot(page, 'endpoint-form');
    await inTheDark(page, 'endpoint-form');

    await form.getByLabel('Requests at the same time').press('Control+Enter');
    const panel = page.locator('.jp-ModelOps-Endpoint:visible');
    await expect(panel.getByRole('status').first()).toContainText(/starting|ready/);
    await screenshot(page, 'endpoint-starting');
    await expect(panel.getByRole('status').first()).toContainText('ready');
    await expect(panel.getByRole('log')).toContainText('llama.cpp');

    await panel.getByLabel('Name of the key').fill('colleague');
    await panel.getByRole('button', { name: 'Make a key' }).click();
    await expect(panel).toContainText('it is not shown again');
    const key = (await panel.getByText(/^sk-modelops-/).textContent()) ?? '';
    expect(await complete(lab, key)).toBe(200);
    await Promise.all(Array.from({ length: 6 }, () => complete(lab, key, 200)));
    await expect(panel.getByText('Until the first token')).toBeVisible();
    await expect(
      panel.getByRole('figure', { name: 'Tokens per second' }).locator('canvas')
    ).toBeVisible();
    await panel.getByRole('tab', { name: 'Python' }).click();
    await expect(panel.getByRole('tabpanel')).toContainText('model="tiny"');
    await expectAccessible(page, '.jp-ModelOps-Endpoint');
    await screenshot(page, 'endpoint-ready');
    await inTheDark(page, 'endpoint-ready');

    await panel.getByRole('button', { name: 'Revoke the key colleague' }).click();
    await expect(panel.getByText('it is not shown again')).toHaveCount(0);
    expect(await complete(lab, key)).toBe(401);

    await page.goto(`${lab.url}lab`);
    await expect(panel.getByRole('status').first()).toContainText('ready');
    await panel.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect(panel.getByRole('status').first()).toContainText('stopped');
    await panel.getByRole('button', { name: 'Start again' }).click();
    await expect(panel.getByRole('status').first()).toContainText('ready');
    await runCommand(page, 'Endpoints');
    await expect(list.getByRole('row', { name: /^tiny/ })).toContainText('ready');
    await page.getByRole('tab', { name: 'ModelOps', exact: true }).click();
    const section = page.getByRole('region', { name: 'Endpoints', exact: true });
    await expect(section).toContainText('tokens/s');
    await expectAccessible(page, '.jp-ModelOps-Sidebar');
    await expectAccessible(page, '.jp-ModelOps-Endpoints');
    await screenshot(page, 'endpoints');
    await list.getByRole('button', { name: 'tiny', exact: true }).click();
    await panel.getByRole('button', { name: 'Remove…' }).click();
    await panel.getByRole('button', { name: 'Remove it' }).click();
    await expect(panel).toHaveCount(0);
    await expect(list).toContainText('It speaks the OpenAI API');
  });
});

test('an endpoint that cannot start says why, and the form what is in the way', async ({
  page
}) => {
  await withModel(async lab => {
    await openLab(page, lab);
    await execute(page, 'modelops:open-artifact', { ref: 'tiny@1' });
    await page.getByRole('button', { name: 'Serve…' }).click();
    const form = page.locator('.jp-ModelOps-Serve:visible');
    await expect(form.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
    await form.getByText('Advanced').click();
    await form.getByLabel('Memory limit in GB').fill('0.001');
    await expect(form.getByRole('heading', { name: 'Not ready' })).toBeVisible();
    await expect(form).toContainText('1 MB are allowed');
    await screenshot(page, 'endpoint-not-ready');
    await form.getByRole('button', { name: 'Start' }).click();
    await expect(form.locator('.jp-ModelOps-runbar')).toContainText('1 MB are allowed');

    await form.getByLabel('Memory limit in GB').fill('');
    await expect(form.getByRole('heading', { name: 'Ready', exact: true })).toBeVisible();
    const { files } = await ask<IFiles>(lab, 'artifacts/tiny@1');
    const weights = files.find(({ path }) => path.endsWith('.gguf'))?.sha256 ?? '';
    const blob = join(lab.folder, 'modelops/blobs/sha256', weights.slice(0, 2), weights);
    await chmod(blob, 0o600);
    await appendFile(blob, 'edited');
    await form.getByRole('button', { name: 'Start' }).click();
    const panel = page.locator('.jp-ModelOps-Endpoint:visible');
    await expect(panel.getByRole('status').first()).toContainText('failed');
    await expect(panel).toContainText('were signed.');
    await expectAccessible(page, '.jp-ModelOps-Endpoint');
    await screenshot(page, 'endpoint-failed');
    await inTheDark(page, 'endpoint-failed');
  });
});
