import { Page } from '@playwright/test';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { ask, execute, expect, ILabServer, openLab, submit, test, writeNotebook } from './lab';

const ROOT = resolve(__dirname, '../..');

const METRICS = `# parameters
steps: int = 200
pause: float = 0.05`;

const REPORT = `import math, time, modelops
for step in range(1, steps + 1):
    modelops.log_metric(step, loss=math.exp(-step / steps), learning_rate=1e-3, tokens_per_second=170.0 + step % 7)
    time.sleep(pause)`;

interface IMeasuring {
  /** When each step was in the page, in milliseconds since the epoch. */
  drawn: Record<string, number>;
  /** Milliseconds between frames. */
  frames: number[];
  measuring: boolean;
}

/** Let the page note when it shows a step, and how long frames take. */
async function observe(page: Page): Promise<void> {
  await page.evaluate(() => {
    const measuring = window as unknown as IMeasuring;
    measuring.drawn = {};
    new MutationObserver(() => {
      const text = document.querySelector('.jp-ModelOps-Job .jp-ModelOps-step')?.textContent;
      const step = text?.replace(/\D/g, '');
      if (step) {
        measuring.drawn[step] ??= Date.now();
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

async function latencies(page: Page, lab: ILabServer): Promise<number[]> {
  const id = await submit(lab, 'metrics.ipynb');
  await execute(page, 'modelops:open-run', { job: id });
  await observe(page);
  await page.getByText('step 200', { exact: true }).first().waitFor({ timeout: 90_000 });
  const drawn = await page.evaluate(() => (window as unknown as IMeasuring).drawn);
  const { events } = await ask<{ events: { event: { step?: number; time: number } }[] }>(
    lab,
    `jobs/${id}/events`
  );
  return events.flatMap(({ event }) => {
    const at = drawn[String(event.step)];
    // A step that came with the next one in the same frame is passed over by the legend.
    return at === undefined ? [] : [at - event.time * 1000];
  });
}

/** Milliseconds between frames while 10,000 points come in, and while a cursor moves over them afterwards. */
async function frames(page: Page, lab: ILabServer): Promise<{ live: number[]; cursor: number[] }> {
  const id = await submit(lab, 'metrics.ipynb', { steps: 10_000, pause: 0.0005 });
  await execute(page, 'modelops:open-run', { job: id });
  await page.getByRole('figure', { name: 'Loss' }).last().waitFor();
  const start = (): Promise<void> =>
    page.evaluate(() => {
      const measuring = window as unknown as IMeasuring;
      measuring.frames = [];
      measuring.measuring = true;
      let last = performance.now();
      const frame = (now: number): void => {
        measuring.frames.push(now - last);
        last = now;
        if (measuring.measuring) {
          requestAnimationFrame(frame);
        }
      };
      requestAnimationFrame(frame);
    });
  const stop = (): Promise<number[]> =>
    page.evaluate(() => {
      const measuring = window as unknown as IMeasuring;
      measuring.measuring = false;
      return measuring.frames;
    });
  await start();
  await page.getByText('step 10,000', { exact: true }).first().waitFor({ timeout: 120_000 });
  const live = await stop();
  const plot = page.locator('.jp-ModelOps-Job:visible .u-over').first();
  const box = await plot.boundingBox();
  await start();
  for (let at = 0; box && at < 100; at++) {
    await page.mouse.move(box.x + (box.width * at) / 100, box.y + 20);
  }
  return { live, cursor: await stop() };
}

const FILL = `import pathlib, sys
sys.path.insert(0, "benchmarks")
from job_list import fill
from modelops.paths import StateHome
fill(StateHome(pathlib.Path(sys.argv[1])), 10_000)`;

/** Milliseconds from the command that opens the list of 10,000 jobs to its first page of rows; first for the first time. */
async function opening(page: Page, lab: ILabServer): Promise<number[]> {
  await promisify(execFile)(
    join(ROOT, '.venv/bin/python'),
    ['-c', FILL, join(lab.folder, 'modelops')],
    { cwd: ROOT }
  );
  const times: number[] = [];
  for (let round = 0; round < 11; round++) {
    times.push(
      await page.evaluate(async () => {
        const { jupyterapp } = window as unknown as {
          jupyterapp: { commands: { execute(id: string): Promise<unknown> } };
        };
        const rows = new Promise<number>(done => {
          const look = (): void => {
            if (document.querySelectorAll('.jp-ModelOps-Jobs tbody tr').length >= 50) {
              done(performance.now());
            } else {
              requestAnimationFrame(look);
            }
          };
          requestAnimationFrame(look);
        });
        const begun = performance.now();
        await jupyterapp.commands.execute('modelops:open-jobs');
        return (await rows) - begun;
      })
    );
    await page
      .locator('.lm-TabBar-tab', { hasText: 'Jobs' })
      .locator('.lm-TabBar-tabCloseIcon')
      .click();
    await expect(page.locator('.jp-ModelOps-Jobs')).toHaveCount(0);
  }
  return times;
}

test('what is measured of the screen', async ({ page, lab }) => {
  await writeNotebook(lab, 'metrics.ipynb', METRICS, REPORT);
  await openLab(page, lab);
  const measured = {
    latency_ms: await latencies(page, lab),
    frame_ms: await frames(page, lab),
    opening_ms: await opening(page, lab)
  };
  await writeFile(process.env.MEASURED ?? '/dev/stdout', JSON.stringify(measured));
});
