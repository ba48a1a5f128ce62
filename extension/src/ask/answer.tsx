import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IAnswerChecks } from '../api';
import type { AskModel, IOutcome } from './model';

const CITED = /\[(\d{1,3})\]/g;

/** An answer as text, in which every number opens the passage that it stands for. */
export function Answer(props: { model: AskModel; outcome: IOutcome }): React.JSX.Element {
  const { model, outcome } = props;
  const { trans } = model.workbench;
  return (
    <article className="jp-ModelOps-cited" aria-label={trans.__('Answer')}>
      <p>{parts(outcome.text).map((part, index) => render(part, index, model, outcome))}</p>
      <p className="jp-ModelOps-hint">
        {outcome.model !== null && `${trans.__('written by %1', outcome.model)} · `}
        {outcome.checks && said(outcome.checks, trans)}
      </p>
    </article>
  );
}

interface IPart {
  readonly text: string;
  /** The passage that it names; 0 for none. */
  readonly number: number;
  /** Where it stands, in characters (code points). */
  readonly at: number;
}

function parts(text: string): readonly IPart[] {
  const found: IPart[] = [];
  let done = 0;
  let at = 0;
  const add = (end: number, number: number): void => {
    const part = text.slice(done, end);
    if (part !== '') {
      found.push({ text: part, number, at });
    }
    at += Array.from(part).length;
    done = end;
  };
  for (const { 0: whole, 1: digits, index } of text.matchAll(CITED)) {
    add(index, 0);
    add(index + whole.length, Number(digits));
  }
  add(text.length, 0);
  return found;
}

function render(
  { at, number, text }: IPart,
  index: number,
  model: AskModel,
  outcome: IOutcome
): React.ReactNode {
  const hit = outcome.passages[number - 1];
  if (!hit) {
    return text;
  }
  const { trans } = model.workbench;
  // Known once its sentence has ended; before that the passage as a whole is shown.
  const citation = outcome.citations.find(one => one.number === number && one.at === at);
  if (!citation && outcome.checks) {
    return text; // it only looks like one, as `row[1]` in code does
  }
  return (
    <button
      key={index}
      className="jp-ModelOps-link jp-ModelOps-citation"
      title={citation?.highlight?.text ?? hit.text}
      aria-label={trans.__('Passage %1, in %2', number, hit.source)}
      onClick={() => void model.reading.open(hit.source, hit, citation?.highlight ?? null)}
    >
      {text}
    </button>
  );
}

/** What its letters tell of an answer, in a sentence. */
function said(checks: IAnswerChecks, trans: TranslationBundle): string {
  if (checks.refused) {
    return trans.__('The documents hold no answer, or none that was found.');
  }
  const wrong = [
    checks.uncited > 0 &&
      trans._n('%1 sentence cites nothing', '%1 sentences cite nothing', checks.uncited),
    checks.quotes_missing > 0 &&
      trans._n(
        '%1 quotation does not stand there',
        '%1 quotations do not stand there',
        checks.quotes_missing
      ),
    checks.numbers_missing > 0 &&
      trans._n(
        '%1 number stands in no passage',
        '%1 numbers stand in no passage',
        checks.numbers_missing
      ),
    checks.citations_removed > 0 &&
      trans._n(
        '%1 citation of nothing was removed',
        '%1 citations of nothing were removed',
        checks.citations_removed
      )
  ].filter(Boolean);
  const words = trans.__(
    '%1 of %2 sentences share most of their words with what they cite',
    checks.supported,
    checks.sentences.length
  );
  return `${[words, ...wrong].join('; ')}.`;
}
