import AxeBuilder from '@axe-core/playwright';
import { test as base, expect, Page } from '@playwright/test';
import { ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

/** Nothing leaves this machine, and no prompt for news covers what is tested. */
const SETTINGS = {
  '@jupyterlab/apputils-extension:notification': { checkForUpdates: false, fetchNews: 'false' }
};

/** A JupyterLab server of its own: fresh folders, a free port, a token. */
export interface ILabServer {
  /** Its address, with a trailing slash. */
  readonly url: string;
  readonly token: string;
  /** Where it keeps everything, and what its file browser shows; gone when the server has stopped. */
  readonly folder: string;
  /** Kill it as a crash does (SIGKILL): jobs go on. */
  kill(): Promise<void>;
  /** Start it again, at the same address with the same folders. */
  start(): Promise<void>;
}

/** Start `jupyter lab` with further arguments, hand it to `use`, and stop it. */
export async function withLab(
  args: string[],
  use: (server: ILabServer) => Promise<void>
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'modelops-ui-'));
  const token = randomBytes(16).toString('hex');
  const defaults = join(folder, 'config', 'labconfig');
  await mkdir(defaults, { recursive: true });
  await writeFile(join(defaults, 'default_setting_overrides.json'), JSON.stringify(SETTINGS));
  const runtime = join(folder, 'runtime');
  let log = '';
  const launch = (port: string): ChildProcess => {
    const launched = spawn(
      join(ROOT, '.venv/bin/jupyter-lab'),
      [
        '--no-browser',
        '--allow-root',
        `--ServerApp.port=${port}`,
        '--LabApp.expose_app_in_browser=True',
        ...args
      ],
      {
        cwd: folder,
        env: {
          ...process.env,
          HOME: folder,
          JUPYTER_CONFIG_DIR: join(folder, 'config'),
          JUPYTER_DATA_DIR: join(folder, 'data'),
          JUPYTER_RUNTIME_DIR: runtime,
          JUPYTER_TOKEN: token,
          MODELOPS_HOME: join(folder, 'modelops')
        },
        stdio: ['ignore', 'pipe', 'pipe']
      }
    );
    for (const stream of [launched.stdout, launched.stderr]) {
      stream.on('data', (chunk: Buffer) => (log += chunk.toString()));
    }
    return launched;
  };
  let running = launch('0');
  try {
    const url = await address(running, runtime, () => log);
    await use({
      url,
      token,
      folder,
      kill: () => stop(running, 'SIGKILL'),
      start: async () => {
        // What the killed one left would be taken for the new one's.
        await rm(runtime, { recursive: true, force: true });
        running = launch(new URL(url).port);
        await address(running, runtime, () => log);
      }
    });
  } finally {
    await stop(running, 'SIGTERM');
    await rm(folder, { recursive: true, force: true });
  }
}

/** The server writes its address, with the port that the system chose, into its runtime folder. */
async function address(server: ChildProcess, runtime: string, log: () => string): Promise<string> {
  let url = '';
  await expect(async () => {
    if (server.exitCode !== null) {
      throw new Error(`jupyter lab ended with ${server.exitCode}:\n${log()}`);
    }
    const name = (await readdir(runtime)).find(file => /^jpserver-\d+\.json$/.test(file));
    const info = JSON.parse(await readFile(join(runtime, name ?? ''), 'utf-8')) as { url: string };
    url = info.url.replace('localhost', '127.0.0.1');
    expect((await fetch(`${url}api`)).ok).toBe(true);
  }, `jupyter lab does not answer:\n${log()}`).toPass({ timeout: 60_000 });
  return url;
}

async function stop(server: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  if (server.exitCode === null && server.signalCode === null) {
    const ended = new Promise(done => server.once('exit', done));
    server.kill(signal);
    await ended;
  }
}

/** Open JupyterLab and wait until its extensions are loaded. */
export async function openLab(page: Page, server: ILabServer): Promise<void> {
  await page.goto(`${server.url}lab?reset&token=${server.token}`);
  await page.locator('#jupyterlab-splash').waitFor({ state: 'detached', timeout: 60_000 });
  await page.locator('.jp-Launcher').first().waitFor();
}

/** Run a command by typing its name into the command palette, as a person does. */
export async function runCommand(page: Page, label: string): Promise<void> {
  await page.keyboard.press('Control+Shift+C');
  await page.locator('.lm-CommandPalette-input').fill(label);
  await page.locator('.lm-CommandPalette-item', { hasText: label }).first().click();
}

/** Ask the REST API of a server, as a program does. */
export async function ask<T>(server: ILabServer, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.url}modelops/api/v1/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      Accept: 'application/json',
      Authorization: `token ${server.token}`,
      'Content-Type': 'application/json'
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  });
  if (!response.ok) {
    throw new Error(`${path}: ${response.status} ${await response.text()}`);
  }
  return (await response.json()) as T;
}

/** Write a notebook of code cells below the server's root; one that begins with `# parameters` is tagged so. */
export async function writeNotebook(
  server: ILabServer,
  path: string,
  ...cells: string[]
): Promise<void> {
  const notebook = {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: { kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' } },
    cells: cells.map((source, index) => ({
      id: `cell-${index}`,
      cell_type: 'code',
      metadata: source.startsWith('# parameters') ? { tags: ['parameters'] } : {},
      source,
      outputs: [],
      execution_count: null
    }))
  };
  await writeFile(join(server.folder, path), JSON.stringify(notebook));
}

/** Queue a job, and return its id. */
export async function submit(
  server: ILabServer,
  template: string,
  parameters: Readonly<Record<string, unknown>> = {},
  more: Readonly<Record<string, unknown>> = {}
): Promise<string> {
  const job = { template, parameters, ...more };
  return (await ask<{ id: string }>(server, 'jobs', job)).id;
}

/** Expect that axe finds nothing in a part of the page that keeps people from using it. */
export async function expectAccessible(page: Page, selector: string): Promise<void> {
  // Otherwise it counts in a page of its own, and keys that are pressed before this one is in front again are lost.
  const axe = new AxeBuilder({ page }).setLegacyMode();
  const { violations } = await axe.include(selector).analyze();
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
}

interface ILabWindow {
  jupyterapp: {
    commands: { execute(id: string, args: object): Promise<unknown> };
  };
}

/** Execute a command of JupyterLab. */
export async function execute(page: Page, command: string, args: object = {}): Promise<void> {
  await page.evaluate(
    async ([id, given]) => {
      await (window as unknown as ILabWindow).jupyterapp.commands.execute(id, given);
    },
    [command, args] as const
  );
}

/** A test with a JupyterLab that has the server extension, shared by all tests of a file. */
export const test = base.extend<object, { lab: ILabServer }>({
  lab: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads the parameter's pattern
    async ({}, use) => {
      await withLab([], use);
    },
    { scope: 'worker', timeout: 90_000 }
  ]
});

export { expect };
