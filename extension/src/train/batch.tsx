import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BatchToken, FirstBatch } from '../api';
import { count } from '../format';

/** The first batch as the model sees it: which tokens it reads, and which it learns to write. */
export function Batch(props: { batch: FirstBatch; trans: TranslationBundle }): React.JSX.Element {
  const { batch, trans } = props;
  return (
    <section
      className="jp-ModelOps-batch"
      aria-label={trans.__('First batch as the model sees it')}
    >
      {batch.rows.map((row, index) => {
        const learned = row.tokens.filter(token => token.learned).length;
        return (
          <div key={index}>
            <div className="jp-ModelOps-help">
              {trans.__(
                'Packed row %1: %2 tokens, of the shown ones %3 learned',
                index + 1,
                count(row.length),
                count(learned)
              )}
            </div>
            <pre className="jp-ModelOps-tokens" tabIndex={0}>
              {stretches(row.tokens).map(({ learned: isLearned, tokens }, number) => (
                <Stretch key={number} learned={isLearned} tokens={tokens} />
              ))}
              {row.tokens.length < row.length && ' …'}
            </pre>
          </div>
        );
      })}
      <div className="jp-ModelOps-key">
        <span>{trans.__('read')}</span>
        <ins>{trans.__('learned')}</ins>
        <span className="jp-ModelOps-special">{trans.__('special token')}</span>
      </div>
    </section>
  );
}

interface IStretch {
  readonly learned: boolean;
  readonly tokens: readonly BatchToken[];
}

/** Tokens that follow each other and are all learned, or all only read: one element each instead of one for each token. */
export function stretches(tokens: readonly BatchToken[]): readonly IStretch[] {
  const found: { learned: boolean; tokens: BatchToken[] }[] = [];
  for (const token of tokens) {
    const last = found.at(-1);
    if (last?.learned === token.learned) {
      last.tokens.push(token);
    } else {
      found.push({ learned: token.learned, tokens: [token] });
    }
  }
  return found;
}

function Stretch(props: IStretch): React.JSX.Element {
  const { learned, tokens } = props;
  const content = tokens.map(({ text }, index) =>
    /^<[|/]?[^\s<>]+>$/.test(text) ? (
      <span key={index} className="jp-ModelOps-special">
        {text}
      </span>
    ) : (
      <React.Fragment key={index}>{visible(text)}</React.Fragment>
    )
  );
  return learned ? <ins>{content}</ins> : <span>{content}</span>;
}

/** Line ends are tokens too: they are shown where they break the line. */
function visible(text: string): string {
  return text.replaceAll('\n', '⏎\n').replaceAll('\t', '⇥\t');
}
