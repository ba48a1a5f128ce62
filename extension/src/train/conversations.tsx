import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Row } from '../api';
import { count } from '../format';

/** Rows of a dataset, one at a time, as the chats that they are. */
export function Conversations(props: {
  rows: readonly Row[];
  /** How many rows there are in all. */
  total: number;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { rows, total, trans } = props;
  const [index, setIndex] = React.useState(0);
  const row = rows[Math.min(index, rows.length - 1)];
  if (!row) {
    return null;
  }
  const messages = row.messages ?? [{ role: trans.__('text'), content: row.text ?? '' }];
  return (
    <section className="jp-ModelOps-conversations" aria-label={trans.__('Rows of the dataset')}>
      <div className="jp-ModelOps-pager">
        <span aria-live="polite">
          {trans.__('Row %1 of %2 (%3)', index + 1, count(total), row.split)}
        </span>
        <button
          type="button"
          className="jp-mod-styled"
          aria-label={trans.__('Previous row')}
          disabled={index === 0}
          onClick={() => {
            setIndex(index - 1);
          }}
        >
          ‹
        </button>
        <button
          type="button"
          className="jp-mod-styled"
          aria-label={trans.__('Next row')}
          disabled={index >= rows.length - 1}
          onClick={() => {
            setIndex(index + 1);
          }}
        >
          ›
        </button>
      </div>
      <ol
        className="jp-ModelOps-chat"
        // It scrolls, so a keyboard must reach it.
        tabIndex={0}
      >
        {messages.map(({ content, role }, number) => (
          <li key={number} data-role={role}>
            <span className="jp-ModelOps-role">{role}</span>
            <span className="jp-ModelOps-said">{content}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}
