import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';

/** What a text may not bring along: it would do something, or ask for something, in the reader's name. */
const ACTIVE =
  'button, form, input, select, textarea, audio, video, source, track, canvas, map, area';

/** Attributes that let the browser load something as soon as they are there. */
const LOADING = ['src', 'srcset', 'poster', 'background'];

/** What a link may lead to. */
const LINKS = /^(https?:|mailto:|#)/i;

/** The beginning of a block that JupyterLab would draw as a diagram. */
const DIAGRAM = /((?:`{3,}|~{3,})[^\S\n]*)mermaid/gi;

/** A registry for texts that strangers wrote: nothing in them is active, and nothing is loaded from elsewhere. */
export function offlineRegistry(rendermime: IRenderMimeRegistry): IRenderMimeRegistry {
  const { markdownParser, sanitizer } = rendermime;
  return rendermime.clone({
    sanitizer: offline(sanitizer),
    ...(markdownParser ? { markdownParser: undrawn(markdownParser) } : {})
  });
}

/**
 * A parser of Markdown that leaves diagrams as text: Mermaid loads a diagram's pictures from any server while it draws,
 * which is before a sanitizer sees them.
 */
export function undrawn(parser: IRenderMime.IMarkdownParser): IRenderMime.IMarkdownParser {
  return { render: source => parser.render(source.replace(DIAGRAM, '$1text')) };
}

/**
 * A sanitizer for texts that strangers wrote, such as model cards: on top of what JupyterLab's sanitizer removes, nothing
 * is loaded from anywhere, and nothing runs a command when it is clicked.
 *
 * JupyterLab's own lets through images and style sheets' pictures from any server, which tell that server who reads,
 * and `data-commandlinker-command`, by which a click runs any command of JupyterLab.
 */
export function offline(sanitizer: IRenderMime.ISanitizer): IRenderMime.ISanitizer {
  return {
    sanitize: (dirty, options) => harmless(sanitizer.sanitize(dirty, options)),
    getAutolink: () => sanitizer.getAutolink?.() ?? true
  };
}

/** The same HTML without what is active or loads anything; a picture that is left out leaves its text. */
export function harmless(html: string): string {
  // Nothing runs or loads in a document that no window shows.
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll(ACTIVE)) {
    element.replaceWith(...element.childNodes);
  }
  for (const image of body.querySelectorAll('img')) {
    if (!/^data:image\//i.test(image.getAttribute('src') ?? '')) {
      image.replaceWith(image.alt);
    }
  }
  for (const element of body.querySelectorAll('*')) {
    for (const { name, value } of [...element.attributes]) {
      if (!allowed(element, name, value)) {
        element.removeAttribute(name);
      }
    }
    // JupyterLab's own classes could make a text look like a part of JupyterLab.
    element.classList.remove(...[...element.classList].filter(name => /^(jp|lm)-/.test(name)));
  }
  return body.innerHTML;
}

function allowed(element: Element, name: string, value: string): boolean {
  if (name === 'href') {
    return LINKS.test(value.trim());
  }
  if (LOADING.includes(name)) {
    return element.tagName === 'IMG' && name === 'src';
  }
  return name !== 'style' && !name.startsWith('on') && !name.startsWith('data-');
}
