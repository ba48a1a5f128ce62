import { Locator, Page } from '@playwright/test';
import { writeFile } from 'node:fs/promises';

import { ask, expect, ILabServer, openLab, test } from './lab';

interface IFirstStep {
  clicks: number;
  /** From the page's first request to the time stamp of the first training step's loss. */
  seconds: number;
}

interface IEvent {
  readonly type: string;
  readonly time: number;
  readonly values?: Readonly<Record<string, unknown>>;
}

/** From opening JupyterLab to the first training step with the defaults, by the mouse alone. */
async function firstStep(page: Page, lab: ILabServer, examples: boolean): Promise<IFirstStep> {
  let clicks = 0;
  const click = async (target: Locator): Promise<void> => {
    await target.click({ timeout: 60_000 });
    clicks += 1;
  };
  const began = Date.now() / 1000;
  await openLab(page, lab);
  await click(page.locator('.jp-LauncherCard', { hasText: 'New run' }));
  const panel = page.locator('.jp-ModelOps-Run:visible');
  await click(panel.locator('.jp-ModelOps-templates button').first());
  const example = panel.getByRole('button', { name: 'Use the example' });
  if (examples) {
    await expect(example).toHaveCount(2);
    await click(example.last());
    await click(example.first());
  }
  // As a person does, who is told when it is.
  const ready = panel.getByRole('heading', { name: 'Ready', exact: true });
  await expect(ready).toBeVisible({ timeout: 600_000 });
  await click(panel.getByRole('button', { name: 'Run', exact: true }));
  const loss = await firstLoss(lab);
  await panel.getByRole('button', { name: 'Cancel…' }).click();
  await panel.getByRole('button', { name: 'Cancel the run' }).click();
  await expect(panel.getByText('cancelled').first()).toBeVisible({ timeout: 60_000 });
  return { clicks, seconds: loss - began };
}

/** The time stamp of the newest job's first training loss. */
async function firstLoss(lab: ILabServer): Promise<number> {
  let found: number | undefined;
  await expect(async () => {
    const { jobs } = await ask<{ jobs: { id: string }[] }>(lab, 'jobs?limit=1&state=running');
    const { events } = await ask<{ events: { event: IEvent }[] }>(
      lab,
      `jobs/${jobs[0]?.id ?? ''}/events`
    );
    found = events.find(({ event }) => event.values?.loss !== undefined)?.event.time;
    expect(found).toBeDefined();
  }).toPass({ timeout: 180_000, intervals: [500] });
  return found ?? NaN;
}

test('the first training step, from an empty state and from one with model and dataset', async ({
  page,
  lab
}) => {
  test.setTimeout(1_200_000);
  const measured = {
    'nothing there, the examples used': await firstStep(page, lab, true),
    'model and dataset there': await firstStep(page, lab, false)
  };
  await writeFile(process.env.MEASURED ?? '/dev/stdout', JSON.stringify(measured));
});
