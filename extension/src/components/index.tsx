import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobState, ProblemError } from '../api';
import { ago, exactly } from '../format';

/** How a state is to be taken. It is never told by colour alone: each has its mark. */
export type Mood = 'waiting' | 'good' | 'warning' | 'bad';

const MARKS: Record<Mood, string> = { waiting: '○', good: '✓', warning: '!', bad: '✗' };

/** A sentence on how something is, read aloud when it changes. */
export function Status(props: {
  mood: Mood;
  sentence: string;
  hint?: string | undefined;
  children?: React.ReactNode;
}): React.JSX.Element {
  return (
    <div className="jp-ModelOps-status" data-mood={props.mood} role="status" aria-live="polite">
      <span className="jp-ModelOps-mark" aria-hidden="true">
        {MARKS[props.mood]}
      </span>
      <div>
        <div>{props.sentence}</div>
        {props.hint && <div className="jp-ModelOps-hint">{props.hint}</div>}
        {props.children}
      </div>
    </div>
  );
}

/** What went wrong, what to do, and a way to ask again. */
export function Problem(props: {
  problem: ProblemError;
  trans: TranslationBundle;
  again?: () => void;
}): React.JSX.Element {
  const { problem, trans, again } = props;
  return (
    <Status mood="bad" sentence={problem.message || problem.code} hint={problem.hint}>
      {again && (
        <button className="jp-mod-styled jp-ModelOps-button" onClick={again}>
          {trans.__('Try again')}
        </button>
      )}
    </Status>
  );
}

/** Where nothing is yet: one sentence that teaches, and what to do first. */
export function Empty(props: { sentence: string; children?: React.ReactNode }): React.JSX.Element {
  return (
    <div className="jp-ModelOps-empty">
      <p>{props.sentence}</p>
      {props.children}
    </div>
  );
}

/** That something did not pass its gate, with the reasons on hover; nothing where there are none. */
export function Rejected(props: {
  reasons: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { reasons, trans } = props;
  return reasons.length === 0 ? null : (
    <span className="jp-ModelOps-rejected" title={reasons.join('\n')}>
      <span aria-hidden="true">✗</span> {trans.__('rejected')}
    </span>
  );
}

/** A bar that says how far something is; without a fraction, that it is at work. */
export function Progress(props: { label: string; fraction: number | null }): React.JSX.Element {
  const value = props.fraction === null ? {} : { value: props.fraction };
  return <progress className="jp-ModelOps-progress" aria-label={props.label} max={1} {...value} />;
}

/** A moment as people speak of it, with the exact one on hover. */
export function Ago(props: { time: string; trans: TranslationBundle }): React.JSX.Element {
  return (
    <time dateTime={props.time} title={exactly(props.time)}>
      {ago(props.time, props.trans)}
    </time>
  );
}

const STATE_MARKS: Record<JobState, [mark: string, mood: Mood]> = {
  queued: ['…', 'waiting'],
  starting: ['▸', 'waiting'],
  running: ['▸', 'waiting'],
  finalizing: ['▸', 'waiting'],
  succeeded: ['✓', 'good'],
  failed: ['✗', 'bad'],
  cancelled: ['–', 'warning'],
  interrupted: ['!', 'warning']
};

/** A job's state as one character. */
export function stateMark(state: JobState): string {
  return STATE_MARKS[state][0];
}

/** A job's state in a word. */
export function stateName(state: JobState, trans: TranslationBundle): string {
  const names: Record<JobState, string> = {
    queued: trans.__('queued'),
    starting: trans.__('starting'),
    running: trans.__('running'),
    finalizing: trans.__('finalizing'),
    succeeded: trans.__('succeeded'),
    failed: trans.__('failed'),
    cancelled: trans.__('cancelled'),
    interrupted: trans.__('interrupted')
  };
  return names[state];
}

/** A job's state as a mark, with its name for whoever cannot see it. */
export function StateMark(props: { state: JobState; trans: TranslationBundle }): React.JSX.Element {
  const [mark, mood] = STATE_MARKS[props.state];
  const name = stateName(props.state, props.trans);
  return (
    <span className="jp-ModelOps-state" data-mood={mood} title={name}>
      <span aria-hidden="true">{mark}</span>
      <span className="jp-ModelOps-unseen">{name}</span>
    </span>
  );
}
