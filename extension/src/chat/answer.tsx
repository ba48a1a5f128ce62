import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { UNREACHABLE } from '../api';
import { Status } from '../components';
import { count, measured } from '../format';
import { LONGEST, Markdown } from './markdown';
import { BROKEN_OFF } from './openai';
import { IAnswer, IFailure, isRunning, Vote } from './turns';
import { Thumb } from './thumb';

export interface IAnswerProps {
  readonly answer: IAnswer;
  /** The model of the column now, which may be another one than answered. */
  readonly model: string;
  readonly plain: boolean;
  readonly rendermime: IRenderMimeRegistry;
  readonly trans: TranslationBundle;
  /** Asks again; `null` where it cannot be asked again. */
  readonly again: (() => void) | null;
  readonly stop: () => void;
  readonly vote: (vote: Vote) => void;
}

/** One model's answer: its text, how fast it came and why it ended, and what can be done with it. */
export function Answer(props: IAnswerProps): React.JSX.Element {
  const { answer, model, trans } = props;
  const { failure, reasoning, state } = answer;
  const running = isRunning(answer);
  return (
    <article
      className="jp-ModelOps-answer"
      aria-label={trans.__('Answer of %1', answer.model.id)}
      aria-busy={running}
    >
      {answer.model.id !== model && (
        <div className="jp-ModelOps-hint">{trans.__('answered by %1', answer.model.id)}</div>
      )}
      {reasoning !== '' && (
        <details>
          <summary>{trans.__('Thoughts')}</summary>
          <div className="jp-ModelOps-said">{reasoning}</div>
        </details>
      )}
      <Text {...props} />
      {state === 'waiting' && (
        <div className="jp-ModelOps-hint">{trans.__('Waiting for the first token…')}</div>
      )}
      {failure && <Status mood="bad" sentence={words(failure, trans)} />}
      <Foot {...props} running={running} />
    </article>
  );
}

function Text(props: IAnswerProps): React.JSX.Element | null {
  const { answer, plain, rendermime } = props;
  const { text } = answer;
  if (text === '') {
    return null;
  }
  return plain || text.length > LONGEST ? (
    <div className="jp-ModelOps-said">{text}</div>
  ) : (
    <Markdown rendermime={rendermime} text={text} />
  );
}

function Foot(props: IAnswerProps & { running: boolean }): React.JSX.Element {
  const { again, answer, running, stop, trans, vote } = props;
  const { failure } = answer;
  return (
    <div className="jp-ModelOps-foot">
      {running ? (
        <button type="button" className="jp-ModelOps-link" onClick={stop}>
          {trans.__('Stop')}
        </button>
      ) : (
        <>
          {!failure && answer.text !== '' && (
            <Votes current={answer.vote} vote={vote} trans={trans} />
          )}
          {again && <Again answer={answer} again={again} trans={trans} />}
        </>
      )}
      <Facts answer={answer} trans={trans} />
    </div>
  );
}

function Votes(props: {
  current: Vote | null;
  vote: (vote: Vote) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { current, trans, vote } = props;
  const names: Record<Vote, string> = { up: trans.__('Good answer'), down: trans.__('Bad answer') };
  return (
    <>
      {(['up', 'down'] as const).map(one => (
        <button
          key={one}
          type="button"
          className="jp-ModelOps-glyph"
          aria-label={names[one]}
          aria-pressed={current === one}
          title={names[one]}
          onClick={() => {
            vote(one);
          }}
        >
          <Thumb down={one === 'down'} filled={current === one} />
        </button>
      ))}
    </>
  );
}

/** Asks again, though not before the server lets. */
function Again(props: {
  answer: IAnswer;
  again: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { again, answer, trans } = props;
  const seconds = useSecondsUntil(answer.failure?.again ?? 0);
  const label = answer.failure ? trans.__('Try again') : trans.__('Answer again');
  return (
    <button type="button" className="jp-ModelOps-link" disabled={seconds > 0} onClick={again}>
      {seconds > 0 ? trans.__('Try again in %1 s', seconds) : label}
    </button>
  );
}

/** Whole seconds until a moment, in milliseconds since 1970; 0 once it is there. */
function useSecondsUntil(moment: number): number {
  const left = (): number => Math.max(0, Math.ceil((moment - Date.now()) / 1000));
  const [seconds, setSeconds] = React.useState(left);
  React.useEffect(() => {
    setSeconds(left);
    const timer = setInterval(() => {
      setSeconds(left);
      if (left() === 0) {
        clearInterval(timer);
      }
    }, 250);
    return () => {
      clearInterval(timer);
    };
  }, [moment]);
  return seconds;
}

function Facts(props: { answer: IAnswer; trans: TranslationBundle }): React.JSX.Element {
  const { answer, trans } = props;
  const { first, tokens, tokensPerSecond } = answer;
  const facts = [
    tokens === null ? '' : trans._n('%2 token', '%2 tokens', tokens, count(tokens)),
    tokensPerSecond === null ? '' : trans.__('%1 tokens/s', measured(round(tokensPerSecond))),
    first === null ? '' : trans.__('first after %1 s', first.toFixed(2))
  ].filter(Boolean);
  const ending = end(answer, trans);
  return (
    <span className="jp-ModelOps-pace">
      {facts.join(' · ')}
      {ending !== '' && (
        <span className="jp-ModelOps-end">
          <span aria-hidden="true"> ! </span>
          {ending}
        </span>
      )}
    </span>
  );
}

function round(value: number): number {
  return value >= 10 ? Math.round(value) : Number(value.toPrecision(2));
}

/** Why an answer ended where it did; nothing to say where the model ended it. */
function end(answer: IAnswer, trans: TranslationBundle): string {
  const { finish, sampling, state, tokens } = answer;
  if (state === 'stopped') {
    return trans.__('stopped before its end');
  }
  if (state !== 'done' || finish === 'stop' || finish === null) {
    return '';
  }
  if (finish === 'length') {
    const most = sampling.max_tokens;
    return most !== undefined && (tokens ?? 0) >= most
      ? trans._n('cut off after %1 token, as set', 'cut off after %1 tokens, as set', most)
      : trans.__('cut off: the context of the model is full');
  }
  return finish === 'content_filter'
    ? trans.__('ended by a filter of the engine')
    : trans.__('ended: %1', finish);
}

function words(failure: IFailure, trans: TranslationBundle): string {
  switch (failure.code) {
    case UNREACHABLE:
      return trans.__('The Jupyter server does not answer.');
    case BROKEN_OFF:
      return trans.__('The answer broke off before its end.');
    default:
      return failure.message || failure.code;
  }
}
