import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { JobDetail, Reason } from '../api';
import { Rejected, Status } from '../components';
import { bytes, measured as said } from '../format';
import { isMeasured } from '../measures/columns';
import { Findings } from '../measures/findings';
import { WorstRows } from '../measures/worst';
import type { Badge, IChange, Made } from './made';
import type { RunModel } from './model';

/** How a run ended, and what comes next. */
export function Outcome(props: { model: RunModel; job: JobDetail }): React.JSX.Element | null {
  switch (props.job.state) {
    case 'succeeded':
      return <Success {...props} />;
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return <Failure {...props} />;
    default:
      return null;
  }
}

function Failure(props: { model: RunModel; job: JobDetail }): React.JSX.Element {
  const { job, model } = props;
  const { trans } = model.workbench;
  const { reason } = job;
  const cancelled = job.state === 'cancelled';
  const line = failingLine(reason);
  const traceback = lines(reason?.details.traceback);
  return (
    <section aria-label={trans.__('Result')}>
      <Status
        mood={job.state === 'failed' ? 'bad' : 'warning'}
        sentence={reason?.message ?? trans.__('It has ended without a result.')}
        hint={reason?.hint}
      >
        {line !== null && traceback.length === 0 && (
          <pre className="jp-ModelOps-source">{line}</pre>
        )}
        {traceback.length > 0 && (
          <details open>
            <summary>{trans.__('What the cell said')}</summary>
            <pre className="jp-ModelOps-traceback" tabIndex={0}>
              {traceback.slice(-12).join('\n')}
            </pre>
          </details>
        )}
        <div className="jp-ModelOps-deeds">
          {job.proposals.map((proposal, index) => (
            <button
              key={proposal.sentence}
              className={`jp-mod-styled ${index === 0 ? 'jp-mod-accept' : ''}`}
              onClick={() => {
                model.follow(proposal);
              }}
            >
              {trans.__('Try again %1', inside(proposal.sentence))}
            </button>
          ))}
          <button
            className="jp-mod-styled"
            onClick={() => {
              model.runAgain();
            }}
          >
            {trans.__('Change and run again…')}
          </button>
          <button className="jp-mod-styled" onClick={() => void model.repeat()}>
            {job.resumable ? trans.__('Go on from the last checkpoint') : again(cancelled, trans)}
          </button>
        </div>
      </Status>
    </section>
  );
}

/** A sentence as a part of another: `With 8 GB.` becomes `with 8 GB`. */
function inside(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '');
}

function again(cancelled: boolean, trans: TranslationBundle): string {
  return cancelled ? trans.__('Run again') : trans.__('Try again as it is');
}

function failingLine(reason: Reason | null): string | null {
  const cell = reason?.details.cell as { first_line?: unknown } | undefined;
  return typeof cell?.first_line === 'string' ? cell.first_line : null;
}

function lines(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function Success(props: { model: RunModel; job: JobDetail }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const artifacts = model.made.flatMap(({ artifact }) => artifact ?? []);
  const evaluations = artifacts.filter(({ kind }) => kind === 'evaluation');
  const measured = artifacts.filter(isMeasured).map(({ ref }) => ref);
  return (
    <section aria-label={trans.__('Result')}>
      <Status
        mood="good"
        sentence={
          model.made.length === 0
            ? trans.__('Every cell ran. The notebook declared no output.')
            : trans.__('Every cell ran, and what it made is signed and stored.')
        }
      >
        {model.made.map(made => (
          <MadeView key={made.ref} made={made} model={model} />
        ))}
      </Status>
      {measured.length > 0 && <Findings refs={measured} workbench={model.workbench} />}
      {evaluations.map(evaluation => (
        <WorstRows key={evaluation.ref} evaluation={evaluation} workbench={model.workbench} />
      ))}
    </section>
  );
}

function MadeView(props: { made: Made; model: RunModel }): React.JSX.Element {
  const { made, model } = props;
  const { trans } = model.workbench;
  const { artifact, changes } = made;
  return (
    <div className="jp-ModelOps-made">
      <div className="jp-ModelOps-row">
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            model.workbench.open('artifact', { ref: made.ref });
          }}
        >
          {made.ref}
        </button>
        {artifact && (
          <span className="jp-ModelOps-hint">
            {artifact.kind} · {bytes(artifact.size)}
          </span>
        )}
        <BadgeView badge={made.badge} verify={() => void made.verify()} trans={trans} />
        <Rejected reasons={artifact?.rejected ?? []} trans={trans} />
        {artifact?.kind === 'adapter' && (
          <Next
            words={trans.__('Merge into a model…')}
            go={() => {
              model.workbench.open('run', { template: 'merge', changes: { adapter: made.ref } });
            }}
          />
        )}
        {artifact?.kind === 'index' && (
          <Next
            words={trans.__('Search and ask')}
            go={() => {
              model.workbench.open('ask', { ref: made.ref });
            }}
          />
        )}
      </div>
      {changes.length > 0 && (
        <dl className="jp-ModelOps-numbers">
          {changes
            .flatMap(change => withPerplexity(change))
            .map(change => (
              <ChangeView key={change.name} change={change} trans={trans} />
            ))}
        </dl>
      )}
    </div>
  );
}

/** What is usually done next with what was made. */
function Next(props: { words: string; go: () => void }): React.JSX.Element {
  return (
    <button className="jp-mod-styled jp-mod-accept jp-ModelOps-next" onClick={props.go}>
      {props.words}
    </button>
  );
}

/** A loss in nats, and the perplexity that it means: its exponential. */
function withPerplexity(change: IChange): IChange[] {
  if (change.name !== 'loss') {
    return [change];
  }
  const [before, after] = [Math.exp(change.before), Math.exp(change.after)];
  return [change, { name: 'perplexity', before, after }];
}

function ChangeView(props: { change: IChange; trans: TranslationBundle }): React.JSX.Element {
  const { after, before, name } = props.change;
  const { trans } = props;
  const names: Record<string, string> = {
    loss: trans.__('Held-out loss'),
    perplexity: trans.__('Perplexity')
  };
  const share = (after / before - 1) * 100;
  return (
    <div>
      <dt>{names[name] ?? name.replaceAll('_', ' ')}</dt>
      <dd>
        {said(before)} <span aria-label={trans.__('then')}>→</span> <b>{said(after)}</b>{' '}
        {Number.isFinite(share) && (
          <span className="jp-ModelOps-hint">
            {share > 0 ? '+' : '−'}
            {Math.abs(share).toFixed(1)} %
          </span>
        )}
      </dd>
    </div>
  );
}

function BadgeView(props: {
  badge: Badge;
  verify: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { badge, trans, verify } = props;
  switch (badge.kind) {
    case 'unknown':
      return (
        <button className="jp-mod-styled" onClick={verify}>
          {trans.__('Verify')}
        </button>
      );
    case 'checking':
      return <span className="jp-ModelOps-verdict">{trans.__('… verifying')}</span>;
    case 'verified':
      return (
        <span
          className="jp-ModelOps-verdict"
          data-mood="good"
          title={trans.__('The signature holds, and every byte is what was signed.')}
        >
          {trans.__('✓ verified')}
        </span>
      );
    case 'refused':
      return (
        <span className="jp-ModelOps-verdict" data-mood="bad">
          {trans.__('✗ not verified: %1', badge.why)}
        </span>
      );
  }
}
