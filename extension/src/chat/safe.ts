import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';

import { offlineRegistry } from '../artifacts/offline';

/** What a link of an answer may lead to. */
const ELSEWHERE = /^https?:\/\//i;

/**
 * A registry that shows what a model wrote: as what a stranger wrote, it loads nothing and nothing in it is active; and
 * a link says where it leads, and leads there in a tab that does not know this one.
 */
export function safe(rendermime: IRenderMimeRegistry): IRenderMimeRegistry {
  const offline = offlineRegistry(rendermime);
  const { latexTypesetter, sanitizer } = offline;
  return offline.clone({
    sanitizer: told(sanitizer),
    ...(latexTypesetter ? { latexTypesetter: unlinked(latexTypesetter) } : {})
  });
}

/** A sanitizer after which every link shows its address. */
export function told(sanitizer: IRenderMime.ISanitizer): IRenderMime.ISanitizer {
  return {
    sanitize: (dirty, options) => tell(sanitizer.sanitize(dirty, options)),
    getAutolink: () => sanitizer.getAutolink?.() ?? true
  };
}

function tell(html: string): string {
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  for (const element of body.querySelectorAll('[id], [name]')) {
    // They could be taken for those of the page.
    element.removeAttribute('id');
    element.removeAttribute('name');
  }
  for (const link of body.querySelectorAll('a')) {
    const address = addressOf(link.getAttribute('href'));
    if (address === null) {
      link.replaceWith(...link.childNodes);
      continue;
    }
    link.href = address;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    link.setAttribute('referrerpolicy', 'no-referrer'); // JupyterLab writes another "rel" over ours
    link.removeAttribute('title');
    if (link.textContent.trim() !== address) {
      const shown = link.ownerDocument.createElement('span');
      shown.className = 'modelops-address';
      shown.textContent = ` (${address})`;
      link.append(shown);
    }
  }
  return body.innerHTML;
}

/** An address as a browser would open it, which writes letters that look like others as what they are. */
function addressOf(href: string | null): string | null {
  if (href === null || !ELSEWHERE.test(href.trim())) {
    return null;
  }
  try {
    return new URL(href.trim()).href;
  } catch {
    return null;
  }
}

/** A typesetter of formulas that makes no links: theirs would hide where they lead. */
function unlinked(typesetter: IRenderMime.ILatexTypesetter): IRenderMime.ILatexTypesetter {
  return {
    typeset: async element => {
      await typesetter.typeset(element);
      for (const link of element.querySelectorAll('mjx-container a')) {
        link.replaceWith(...link.childNodes);
      }
      for (const part of element.querySelectorAll('mjx-container [href]')) {
        part.removeAttribute('href');
      }
    }
  };
}
