import { Sanitizer } from '@jupyterlab/apputils';

import { harmless, offline, undrawn } from './offline';

/** What is left of a text in the document that a reader sees. */
function shown(html: string): HTMLElement {
  const host = document.createElement('div');
  host.innerHTML = offline(new Sanitizer()).sanitize(html);
  return host;
}

describe('A text by somebody else', () => {
  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['an event handler', '<b onclick="alert(1)" onmouseover="alert(1)">text</b>'],
    ['a frame', '<iframe src="https://elsewhere.test"></iframe>'],
    [
      'a form',
      '<form action="https://elsewhere.test"><input name="token"><button>Go</button></form>'
    ],
    [
      'a drawing',
      '<svg><script>alert(1)</script><image href="https://elsewhere.test/a.png"/></svg>'
    ],
    ['a picture from elsewhere', '<img src="https://elsewhere.test/a.png" onerror="alert(1)">'],
    ['a picture from this server', '<img src="/files/secret.png" srcset="/a.png 2x">'],
    ['a video', '<video src="https://elsewhere.test/v" poster="https://elsewhere.test/p"></video>'],
    ['a style that loads', '<p style="background: url(https://elsewhere.test/a.png)">text</p>'],
    ['a link that runs something', '<a href="javascript:alert(1)">text</a>'],
    [
      'a link that is a page of its own',
      '<a href="data:text/html,<script>alert(1)</script>">text</a>'
    ],
    ['a command of JupyterLab', '<b data-commandlinker-command="apputils:reset">text</b>'],
    ['a class of JupyterLab', '<div class="jp-Dialog lm-Widget">text</div>']
  ])('brings no %s along', (_, html) => {
    expect(shown(html).innerHTML).not.toMatch(
      /script|alert|on\w+=|elsewhere|src|style|form|input|button|commandlinker|jp-|lm-|data:/
    );
  });

  it('keeps what is to be read', () => {
    const text = shown(
      '<h1>Title</h1><table><tr><td>2.25</td></tr></table><a href="https://example.test">read on</a>' +
        '<pre><code class="language-python">print(1)</code></pre>'
    );
    expect(text.querySelector('td')?.textContent).toBe('2.25');
    expect(text.querySelector('a')?.getAttribute('href')).toBe('https://example.test');
    expect(text.querySelector('code')?.className).toBe('language-python');
  });

  it('keeps a picture that it carries itself', () => {
    expect(harmless('<img src="data:image/png;base64,AAAA" alt="a curve">')).toContain(
      'data:image/png'
    );
  });

  it('leaves the words of a picture that is left out', () => {
    expect(harmless('<img src="https://elsewhere.test/a.png" alt="a curve">')).toBe('a curve');
  });
});

describe('A diagram by somebody else', () => {
  it.each(['```mermaid', '~~~~ mermaid', '- ```\u00a0mermaid', '> ``` \t mermaid', '```MERMAID'])(
    'is left as text, as drawing it loads its pictures: %p',
    async fence => {
      const seen: string[] = [];
      const parser = undrawn({
        render: source => {
          seen.push(source);
          return Promise.resolve('');
        }
      });
      await parser.render(`${fence}\nA@{ img: "https://elsewhere.test/a.png" }\n\`\`\``);
      expect(seen[0]?.split('\n')[0]).toMatch(/^\W+text$/);
    }
  );
});
