import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { IndexedDocument } from '../api';
import { Problem } from '../components';
import type { AskModel } from './model';
import type { IPlace } from './reading';

/** The document that is open, as the text that was cut, with the passage that is looked at in its place. */
export function OpenDocument(props: { model: AskModel }): React.JSX.Element {
  const { model } = props;
  const { reading, workbench } = model;
  const { trans } = workbench;
  const { chunks, number, state } = reading;
  const step = (by: number, words: string, mark: string): React.JSX.Element => (
    <button
      className="jp-mod-styled"
      aria-label={words}
      title={words}
      disabled={number < 0 || chunks[number + by] === undefined}
      onClick={() => {
        reading.move(by);
      }}
    >
      {mark}
    </button>
  );
  return (
    <aside className="jp-ModelOps-document" aria-label={trans.__('Document')}>
      <header className="jp-ModelOps-row">
        <strong>{reading.source}</strong>
        <span className="jp-ModelOps-deeds">
          {state.kind === 'ready' && (
            <>
              {step(-1, trans.__('The chunk before'), '↑')}
              <span className="jp-ModelOps-hint">
                {trans.__('chunk %1 of %2', number < 0 ? '–' : number + 1, chunks.length)}
              </span>
              {step(1, trans.__('The next chunk'), '↓')}
            </>
          )}
          <button
            className="jp-ModelOps-glyph"
            aria-label={trans.__('Close the document')}
            title={trans.__('Close the document')}
            onClick={() => {
              reading.close();
            }}
          >
            <closeIcon.react tag="span" />
          </button>
        </span>
      </header>
      {state.kind === 'loading' && <p role="status">{trans.__('Opening…')}</p>}
      {state.kind === 'failed' && <Problem problem={state.problem} trans={trans} />}
      {state.kind === 'ready' && (
        <Text document={state.value} passage={reading.passage} sentence={reading.sentence} />
      )}
    </aside>
  );
}

function Text(props: {
  document: IndexedDocument;
  passage: IPlace | null;
  sentence: IPlace | null;
}): React.JSX.Element {
  const { document, passage, sentence } = props;
  const mark = React.useRef<HTMLElement>(null);
  React.useEffect(() => {
    mark.current?.scrollIntoView({ block: 'center' });
  }, [document, passage, sentence]);
  // Places count code points, of which a string of JavaScript may take two units for one.
  const points = React.useMemo(() => Array.from(document.text), [document]);
  const cut = (start: number, end?: number): string => points.slice(start, end).join('');
  const { end, start } = passage ?? { start: 0, end: 0 };
  const inner = within(sentence, { start, end });
  return (
    <pre className="jp-ModelOps-doctext" tabIndex={0}>
      {cut(0, start)}
      {end > start && (
        <mark ref={mark}>
          {inner ? (
            <>
              {cut(start, inner.start)}
              <strong>{cut(inner.start, inner.end)}</strong>
              {cut(inner.end, end)}
            </>
          ) : (
            cut(start, end)
          )}
        </mark>
      )}
      {cut(end)}
    </pre>
  );
}

function within(inner: IPlace | null, outer: IPlace): IPlace | null {
  return inner && inner.start >= outer.start && inner.end <= outer.end ? inner : null;
}
