import { Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ask, execute, expect, expectAccessible, openLab, test } from './lab';
import { screenshot } from './screenshots';
import { engine, ROOT, run, withEndpoint } from './served';

const HOSTILE = `An **ordinary** word.

<script>window.hacked = 'script'</script>
<img src="http://127.0.0.1:9/pixel.png" alt="a picture from elsewhere" onerror="window.hacked = 'onerror'">

![what was said](http://127.0.0.1:9/markdown.png?said=secret)
[click me](javascript:window.hacked='link')
[your bank](http://127.0.0.1:9/bank)
<button data-commandlinker-command="application:reset-layout">press me</button>

\`\`\`mermaid
flowchart TD
  A@{ img: "http://127.0.0.1:9/diagram.png?said=secret", label: "x", w: 60, h: 60 }
\`\`\`

$\\href{javascript:window.hacked='math'}{x}$ and $\\href{http://127.0.0.1:9/math}{y}$
`;

/** Let the next answers be this text, whatever is asked. */
async function answerWith(page: Page, text: string): Promise<void> {
  const chunk = { choices: [{ delta: { content: text }, finish_reason: 'stop' }] };
  await page.route('**/chat/completions*', route =>
    route.fulfill({
      contentType: 'text/event-stream',
      body: `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`
    })
  );
}

test.describe.configure({ timeout: 180_000 });

test('two models answer side by side, are stopped, asked again and saved, by keyboard', async ({
  page
}) => {
  await withEndpoint(async lab => {
    await openLab(page, lab);
    await execute(page, 'modelops:open-chat');
    const panel = page.locator('.jp-ModelOps-Chat');
    await panel.getByRole('button', { name: 'tiny' }).press('Enter');
    const prompt = panel.getByRole('textbox', { name: 'Prompt', exact: true });
    const answers = panel.getByRole('article');
    await expectAccessible(page, '.jp-ModelOps-Chat');
    await screenshot(page, 'chat-empty');

    // An engine that is paused answers nothing: the request waits until it is stopped.
    process.kill(await engine(lab), 'SIGSTOP');
    await prompt.fill('Say something.');
    await prompt.press('Enter');
    await expect(panel).toContainText('Waiting for the first token…');
    await panel.getByRole('article').getByRole('button', { name: 'Stop' }).press('Enter');
    await expect(answers).toContainText('stopped before its end');
    process.kill(await engine(lab), 'SIGCONT');

    await panel.getByText('Settings').press('Enter');
    await panel.getByLabel('Most tokens').fill('24');
    await panel.getByLabel('Temperature').fill('1');
    await panel.getByText('Settings').press('Enter');
    // By chance, a model of so few tokens ends its answer early: then once more.
    await expect(async () => {
      await answers.getByRole('button', { name: 'Answer again' }).press('Enter');
      await expect(answers).toContainText('cut off after 24 tokens, as set', { timeout: 5000 });
    }).toPass();

    await panel.getByRole('button', { name: 'Add a column' }).press('Enter');
    await panel.getByRole('button', { name: 'Edit' }).press('Enter');
    await expect(panel.getByRole('textbox', { name: 'The last prompt, changed' })).toBeFocused();
    await page.keyboard.press('End');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('Anything.');
    await page.keyboard.press('Enter');
    await expect(answers).toHaveCount(2);
    await expect(answers.nth(0)).toContainText(/\d+ tokens ·/);
    await expect(answers.nth(1)).toContainText(/\d+ tokens ·/);
    // Whether the first is cut off is chance; rated so, it is in no dataset.
    await answers.nth(0).getByRole('button', { name: 'Bad answer' }).press('Space');
    await answers.nth(1).getByRole('button', { name: 'Good answer' }).press('Space');
    await expectAccessible(page, '.jp-ModelOps-Chat');

    // What was said outlives a reload.
    await page.goto(`${lab.url}lab?token=${lab.token}`);
    await expect(answers).toHaveCount(2);
    await expect(answers.nth(1).getByRole('button', { name: 'Good answer' })).toHaveAttribute(
      'aria-pressed',
      'true'
    );

    await panel.getByText('Save', { exact: true }).press('Enter');
    await panel.getByRole('button', { name: 'Save 1 preference as file' }).press('Enter');
    await expect(panel).toContainText('Saved as chats-preferences.jsonl.');
    await panel.getByRole('button', { name: 'Save 1 chat as dataset' }).press('Enter');
    await expect(panel).toContainText('Saved as chats@1', { timeout: 30_000 });
    await expectAccessible(page, '.jp-ModelOps-Chat');
    await screenshot(page, 'chat-saved');
    const { artifacts } = await ask<{ artifacts: { ref: string }[] }>(lab, 'datasets');
    expect(artifacts.map(({ ref }) => ref)).toContain('chats@1');

    await panel.getByRole('button', { name: 'Save as notebook' }).press('Enter');
    await expect(page.locator('.jp-Notebook')).toContainText('Say something.');
    const env = { ...process.env, MODELOPS_URL: lab.url, MODELOPS_TOKEN: lab.token };
    const jupyter = join(ROOT, '.venv/bin/jupyter-execute');
    await run(jupyter, ['--inplace', 'chat.ipynb'], { cwd: lab.folder, env });
    const text = await readFile(join(lab.folder, 'chat.ipynb'), 'utf-8');
    const { cells } = JSON.parse(text) as { cells: { outputs?: { text: string[] }[] }[] };
    const said =
      cells
        .at(-1)
        ?.outputs?.flatMap(output => output.text)
        .join('') ?? '';
    expect(said.match(/^--- tiny$/gm)).toHaveLength(2);
  });
});

test('what a model writes does nothing, and asks nobody for anything', async ({ page }) => {
  await withEndpoint(async lab => {
    const asked: string[] = [];
    page.on('request', request => asked.push(request.url()));
    await openLab(page, lab);
    await answerWith(page, HOSTILE);
    await execute(page, 'modelops:open-chat', { endpoints: ['tiny'] });
    const panel = page.locator('.jp-ModelOps-Chat');
    const prompt = panel.getByRole('textbox', { name: 'Prompt', exact: true });
    await prompt.fill('Hi');
    await prompt.press('Enter');
    const answer = panel.getByRole('article');
    const text = answer.locator('.jp-RenderedMarkdown');
    await expect(text.locator('strong')).toHaveText('ordinary');
    await expect(text.locator('mjx-container')).toHaveCount(2);
    await text.getByText('click me').click();
    await text.getByText('press me').click();
    await expect(text.locator('img, button, script, form, iframe')).toHaveCount(0);
    await expect(text.locator('mjx-container a')).toHaveCount(0);
    await expect(text.locator('a')).toHaveText('your bank (http://127.0.0.1:9/bank)');
    await expect(text).toContainText('a picture from elsewhere');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(asked.filter(url => url.includes('127.0.0.1:9/'))).toEqual([]);

    // Refused in words; and a model that is gone is told.
    await page.unroute('**/chat/completions*');
    const env = { ...process.env, MODELOPS_HOME: join(lab.folder, 'modelops') };
    await run(join(ROOT, '.venv/bin/modelops'), ['endpoints', 'stop', 'tiny'], { env });
    await prompt.fill('Are you there?');
    await prompt.press('Enter');
    await expect(answer.last()).toContainText('is stopped');
    await expect(answer.last().getByRole('button', { name: 'Try again' })).toBeEnabled();
    await expect(panel).toContainText('Not ready now');
    await expectAccessible(page, '.jp-ModelOps-Chat');
    await screenshot(page, 'chat-stopped');
  });
});
