import { Page } from '@playwright/test';

import metadata from '../../package.json';
import { expect, openLab, runCommand, test, withLab } from './lab';
import { screenshot } from './screenshots';

const PLUGIN = 'jupyterlab-modelops:about';

interface ILabWindow {
  jupyterapp: {
    hasPlugin(id: string): boolean;
    isPluginActivated(id: string): boolean;
    commands: { execute(id: string, args: object): Promise<unknown> };
  };
}

async function useTheme(page: Page, theme: string): Promise<void> {
  await page.evaluate(async name => {
    const { jupyterapp } = window as unknown as ILabWindow;
    await jupyterapp.commands.execute('apputils:change-theme', { theme: name });
  }, theme);
  await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', theme);
}

test('JupyterLab opens with the extension active and no error of its own', async ({
  page,
  lab
}) => {
  const errors: string[] = [];
  page.on('pageerror', error => errors.push(error.message));
  await openLab(page, lab);

  const active = await page.evaluate(id => {
    const { jupyterapp } = window as unknown as ILabWindow;
    return jupyterapp.hasPlugin(id) && jupyterapp.isPluginActivated(id);
  }, PLUGIN);

  expect(active).toBe(true);
  expect(errors).toEqual([]);
});

for (const theme of ['JupyterLab Light', 'JupyterLab Dark']) {
  test(`About shows both versions and that the server is ready, in ${theme}`, async ({
    page,
    lab
  }) => {
    await openLab(page, lab);
    await useTheme(page, theme);

    await runCommand(page, 'ModelOps: About');

    const about = page.getByRole('dialog');
    await expect(about.getByRole('definition').nth(0)).toHaveText(metadata.version);
    await expect(about.getByRole('definition').nth(1)).toHaveText(metadata.version);
    await expect(about.getByRole('definition').nth(2)).toHaveText(`${lab.folder}/modelops`);
    await expect(about.getByRole('status')).toContainText('The server is ready.');
    await screenshot(page, `about-${theme.split(' ')[1]?.toLowerCase()}`);
  });
}

test('About is in the Help menu and closes by keyboard', async ({ page, lab }) => {
  await openLab(page, lab);

  await page.getByRole('menuitem', { name: 'Help' }).click();
  await page.getByRole('menuitem', { name: 'ModelOps: About' }).click();
  await expect(page.getByRole('button', { name: 'Close' })).toBeFocused();
  await page.keyboard.press('Escape');

  await expect(page.getByRole('dialog')).toBeHidden();
});

test('About says what to do where the server extension is not loaded', async ({ page }) => {
  const without = "--ServerApp.jpserver_extensions={'modelops_server': False}";
  await withLab([without], async lab => {
    await openLab(page, lab);

    await runCommand(page, 'ModelOps: About');

    const status = page.getByRole('dialog').getByRole('status');
    await expect(status).toContainText('The server extension is not loaded.');
    await expect(status).toContainText('jupyter server extension list');
    await screenshot(page, 'about-no-server-extension');
  });
});
