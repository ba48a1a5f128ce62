import { Locator, Page } from '@playwright/test';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { execute, expect } from './lab';

const SCREENSHOTS = resolve(__dirname, '../../test-results/screenshots');

/** Keep what the page shows now, to be looked at. */
export async function screenshot(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** Pictures of a widget in both themes. */
export async function pictures(page: Page, widget: Locator, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true });
  for (const theme of ['Dark', 'Light']) {
    await execute(page, 'apputils:change-theme', { theme: `JupyterLab ${theme}` });
    await expect(page.locator('body')).toHaveAttribute('data-jp-theme-name', `JupyterLab ${theme}`);
    await page.locator('#jupyterlab-splash').waitFor({ state: 'detached' });
    await widget.screenshot({ path: join(SCREENSHOTS, `${name}-${theme.toLowerCase()}.png`) });
  }
}
