import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Mood, Problem, Progress, Status } from '../components';
import { exactly } from '../format';
import type { Check } from './checks';

/** What is known of an artifact's integrity, in a word; a click tells who made it, from what and with which key. */
export function Badge(props: {
  check: Check;
  expanded: boolean;
  controls: string;
  trans: TranslationBundle;
  toggle: () => void;
}): React.JSX.Element {
  const { check, controls, expanded, toggle, trans } = props;
  const [mark, mood, words] = badge(check, trans);
  return (
    <>
      <button
        className="jp-ModelOps-seal"
        data-mood={mood}
        aria-expanded={expanded}
        aria-controls={controls}
        title={trans.__('Who made it, from what, and with which key')}
        onClick={toggle}
      >
        <span aria-hidden="true">{mark}</span> {words}
      </button>
      <span className="jp-ModelOps-unseen" role="status">
        {check.kind === 'unchecked' ? '' : words}
      </span>
    </>
  );
}

function badge(check: Check, trans: TranslationBundle): [mark: string, mood: Mood, words: string] {
  switch (check.kind) {
    case 'unchecked':
      return ['○', 'waiting', trans.__('not checked yet in this session')];
    case 'checking':
      return ['…', 'waiting', trans.__('reading every byte…')];
    case 'verified':
      return ['✓', 'good', trans.__('verified')];
    case 'refused':
      return ['✗', 'bad', trans.__('not what was signed')];
    case 'failed':
      return ['!', 'warning', trans.__('could not be checked')];
  }
}

/** What came out of the check, at length: the reason and what to do where it is refused. */
export function Outcome(props: {
  check: Check;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { check, trans } = props;
  switch (check.kind) {
    case 'unchecked':
      return (
        <p className="jp-ModelOps-quiet">
          {trans.__(
            'The signature holds. Whether every byte is what was signed, Verify will tell.'
          )}
        </p>
      );
    case 'checking':
      return <Progress label={trans.__('Reading every byte…')} fraction={null} />;
    case 'verified':
      return (
        <p className="jp-ModelOps-quiet">
          {trans.__('Signature and every byte were checked: %1', exactly(check.time))}
        </p>
      );
    case 'refused':
      return (
        <Status mood="bad" sentence={check.problem.detail} hint={check.problem.hint}>
          <code className="jp-ModelOps-quiet">{check.problem.code}</code>
        </Status>
      );
    case 'failed':
      return <Problem problem={check.problem} trans={trans} />;
  }
}
