import { copyIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Clipboard } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { IBlock, LogTail } from './log';

/** Pixels from the end within which a reader counts as being there. */
const NEAR = 24;

/** The end of the log. It follows what is printed unless its reader has scrolled up. */
export function LogView(props: {
  log: LogTail;
  /** The address of the whole log. */
  whole: string;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { log, trans, whole } = props;
  const { blocks } = log;
  const node = React.useRef<HTMLDivElement>(null);
  const [follows, follow] = React.useState(true);
  React.useLayoutEffect(() => {
    if (follows && node.current) {
      node.current.scrollTop = node.current.scrollHeight;
    }
  }, [blocks, follows]);
  if (blocks.length === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Log')}>
      <div className="jp-ModelOps-row">
        <h3>{trans.__('Log')}</h3>
        <span className="jp-ModelOps-deeds">
          {!follows && (
            <button
              className="jp-ModelOps-link"
              onClick={() => {
                follow(true);
              }}
            >
              {trans.__('Follow again')}
            </button>
          )}
          <button
            className="jp-ModelOps-glyph"
            title={trans.__('Copy the log')}
            aria-label={trans.__('Copy the log')}
            onClick={() => {
              Clipboard.copyToSystem(log.text);
            }}
          >
            <copyIcon.react tag="span" elementSize="normal" />
          </button>
          <a className="jp-ModelOps-link" href={whole} target="_blank" rel="noopener noreferrer">
            {log.cut ? trans.__('Whole log') : trans.__('Open')}
          </a>
        </span>
      </div>
      <div
        ref={node}
        className="jp-ModelOps-log"
        role="log"
        aria-live="off"
        aria-label={trans.__('Log')}
        tabIndex={0}
        onScroll={event => {
          const { clientHeight, scrollHeight, scrollTop } = event.currentTarget;
          follow(scrollHeight - scrollTop - clientHeight < NEAR);
        }}
      >
        {blocks.map(block => (
          <Lines key={block.number} block={block} />
        ))}
      </div>
    </section>
  );
}

/** A full block is the same object for ever, and is rendered once. */
const Lines = React.memo(function Lines(props: { block: IBlock }) {
  return <pre>{props.block.lines.join('\n')}</pre>;
});
