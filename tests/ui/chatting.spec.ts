import { Page } from '@playwright/test';
import { join } from 'node:path';

import { execute, expect, expectAccessible, ILabServer, openLab, test, writeNotebook } from './lab';
import { pictures } from './screenshots';
import { engine, ROOT, withEndpoint } from './served';

test.describe.configure({ timeout: 180_000 });

/** Open a notebook with these cells; the first one is chosen. */
async function openCells(page: Page, lab: ILabServer, ...cells: string[]): Promise<void> {
  await writeNotebook(lab, 'talk.ipynb', ...cells);
  await openLab(page, lab);
  await execute(page, 'docmanager:open', { path: 'talk.ipynb', kernel: { name: 'python3' } });
  await page.getByText(/Python 3 .*\| Idle/).waitFor();
}

const HOSTILE = `A **bold** word and \`<code>\`.

<script>window.hacked = 'script'</script>
<img src="http://127.0.0.1:9/pixel.png" onerror="window.hacked = 'onerror'">
![said](http://127.0.0.1:9/markdown.png) <b>not bold</b>
[click me](javascript:window.hacked='link') http://127.0.0.1:9/bank
$\\href{javascript:window.hacked='math'}{x}$

\`\`\`mermaid
flowchart TD
  A@{ img: "http://127.0.0.1:9/diagram.png", label: "<img src=x>", w: 60, h: 60 }
\`\`\`
`;

test('Chat streams an answer, stops it and goes on, by keyboard', async ({ page }) => {
  await withEndpoint(async lab => {
    await openCells(
      page,
      lab,
      'import modelops\nchat = modelops.widgets.Chat("tiny", ignore_eos=True, max_tokens=24)\nchat'
    );
    await execute(page, 'notebook:run-all-cells');
    const chat = page.locator('.jp-ModelOpsWidget-root');
    await chat.waitFor({ timeout: 60_000 });
    const prompt = chat.getByRole('textbox', { name: 'Prompt', exact: true });
    const status = chat.getByRole('status');
    const answers = chat.getByRole('article', { name: 'Answer of tiny' });

    await prompt.fill('Say');
    await prompt.press('End');
    await prompt.press('Shift+Enter');
    await page.keyboard.type('something.');
    await expect(prompt).toHaveValue('Say\nsomething.');
    await prompt.press('Enter');
    await expect(status).toContainText('24 tokens · ');
    await expect(status).toContainText('! cut off after 24 tokens, as set');
    await expect(prompt).toHaveValue('');
    await expect(prompt).toBeFocused();
    await expect(answers).toHaveCount(1);

    // An engine that is paused answers nothing: the request waits until it is stopped.
    process.kill(await engine(lab), 'SIGSTOP');
    await prompt.fill('More.');
    await prompt.press('Enter');
    await expect(status).toHaveText('answering …');
    await chat.getByRole('button', { name: 'Stop' }).press('Enter');
    await expect(status).toContainText('stopped before its end');
    process.kill(await engine(lab), 'SIGCONT');
    await expect(answers).toHaveCount(1);

    await chat.getByText('Settings').press('Enter');
    await chat.getByLabel('Most tokens').fill('0');
    await expect(chat.getByLabel('Most tokens')).toHaveAttribute('aria-invalid', 'true');
    await chat.getByLabel('Most tokens').fill('8');
    await chat.getByLabel('Temperature').fill('1');
    await chat.getByText('Settings').press('Enter');
    await chat.getByRole('button', { name: 'Try again' }).press('Enter');
    await expect(status).toContainText('8 tokens · ');
    await expect(answers).toHaveCount(2);

    await prompt.fill('word '.repeat(2000));
    await prompt.press('Enter');
    await expect(chat.getByRole('alert')).toContainText('--context');
    await expectAccessible(page, '.jp-ModelOpsWidget-root');
    await pictures(page, chat, 'widget-chat-refused');
    await chat.getByRole('button', { name: 'Start over' }).press('Enter');
    await expect(chat.getByRole('article')).toHaveCount(0);
    await expect(chat.getByRole('alert')).toHaveCount(0);
  });
});

test('an answer is seen as it comes, while the kernel is free, and stopped half way', async ({
  page,
  lab
}) => {
  await openCells(
    page,
    lab,
    `import sys\nsys.path.insert(0, "${join(ROOT, 'tests')}")
from scripted_endpoint import ScriptedEndpoint\nimport modelops
scripted = ScriptedEndpoint([f"word{number} " for number in range(100)], pause=0.3)
modelops.widgets.Chat(scripted)`,
    'scripted.pieces = ["The end."]\nprint("free")'
  );
  await execute(page, 'notebook:run-cell-and-select-next');
  const chat = page.locator('.jp-ModelOpsWidget-root');
  await chat.waitFor({ timeout: 60_000 });
  const prompt = chat.getByRole('textbox', { name: 'Prompt', exact: true });
  const answer = chat.getByRole('article', { name: 'Answer of scripted' });
  const stop = chat.getByRole('button', { name: 'Stop' });

  await prompt.fill('Tell me a tale.');
  await prompt.press('Enter');
  await expect(answer).toContainText('word1');
  await expect(stop).toBeVisible();
  await page.locator('.jp-Cell').nth(1).locator('.jp-InputArea-editor').click();
  await execute(page, 'notebook:run-cell');
  await expect(page.locator('.jp-OutputArea').last()).toHaveText(/^free/);
  await expect(stop).toBeVisible();
  await stop.click();
  await expect(chat.getByRole('status')).toContainText('! stopped before its end');
  await expect(answer).toContainText('word1');
  await expect(answer).not.toContainText('word99');

  await chat.getByRole('button', { name: 'Answer again' }).click();
  await expect(answer).toHaveText('scriptedThe end.');
  await expect(chat.getByRole('status')).toHaveText(/^first after 0\.\d+ s$/);
  await expect(answer).toHaveCount(1);
});

test('what a model says in a notebook does nothing, and asks nobody for anything', async ({
  page
}) => {
  await withEndpoint(async lab => {
    const asked: string[] = [];
    page.on('request', request => asked.push(request.url()));
    const said = JSON.stringify([{ role: 'assistant', content: HOSTILE }]);
    await openCells(
      page,
      lab,
      `import modelops\nfrom IPython.display import display\nfrom modelops.widgets.prose import as_markdown
chat = modelops.widgets.Chat("tiny")\nchat.messages = ${said}
display(chat)\ndisplay({"text/markdown": as_markdown(chat.messages[0]["content"])}, raw=True)`,
      '%load_ext modelops',
      '%%chat --max-tokens 12 --temperature 1\nHi <b>',
      '%%chat nobody\nHi'
    );
    await execute(page, 'notebook:run-all-cells');
    const chat = page.locator('.jp-ModelOpsWidget-root');
    await expect(chat.locator('strong').getByText('bold', { exact: true })).toBeVisible({
      timeout: 60_000
    });
    const marked = page.locator('.jp-OutputArea .jp-RenderedMarkdown');
    for (const shown of [chat, marked.first()]) {
      await expect(shown.locator('strong').getByText('bold', { exact: true })).toBeVisible();
      await expect(shown.locator('code').getByText('<code>', { exact: true })).toBeVisible();
      await expect(shown.locator('pre')).toContainText('flowchart TD');
      await expect(shown).toContainText('<script>window.hacked');
      await expect(shown).toContainText("[click me](javascript:window.hacked='link')");
      await expect(
        shown.locator('img, script, a, b, iframe, svg, mjx-container, [onerror]')
      ).toHaveCount(0);
    }
    await expect(marked.last()).toContainText('tokens/s · first after');
    await expect(page.locator('.jp-OutputArea').last()).toContainText('nobody');
    await expect(page.locator('.jp-OutputArea').last()).not.toContainText('Traceback');
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(asked.filter(url => url.includes('127.0.0.1:9/'))).toEqual([]);
    await pictures(page, page.locator('.jp-Notebook'), 'magic-chat');
  });
});
