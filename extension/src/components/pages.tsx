import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { count } from '../format';

/** Turns the pages of a list that the server hands out in pieces; nothing where there is one page. */
export function Pages(props: {
  /** Where the page begins, of how many in all, and how many are on a page. */
  offset: number;
  total: number;
  size: number;
  turn: (offset: number) => void;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { offset, size, total, trans, turn } = props;
  if (total <= size && offset === 0) {
    return null;
  }
  const last = Math.min(offset + size, total);
  return (
    <nav className="jp-ModelOps-pages" aria-label={trans.__('Pages')}>
      <button
        className="jp-mod-styled"
        disabled={offset === 0}
        onClick={() => {
          turn(Math.max(0, offset - size));
        }}
      >
        {trans.__('Previous')}
      </button>
      <span role="status">
        {trans.__('%1–%2 of %3', count(offset + 1), count(last), count(total))}
      </span>
      <button
        className="jp-mod-styled"
        disabled={last >= total}
        onClick={() => {
          turn(offset + size);
        }}
      >
        {trans.__('Next')}
      </button>
    </nav>
  );
}
