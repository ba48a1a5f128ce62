import * as React from 'react';

import type { Check, FieldProblem, Mend, Readiness } from '../api';
import { Mood, Problem } from '../components';
import { Copyable } from '../components/copyable';
import { Verdict } from '../components/verdict';
import { bytes, count, roughly } from '../format';
import { AtWork } from './atwork';
import { useSetup } from './context';
import type { SetupModel } from './model';
import { sentenceOf } from './parameters';
import { asksItself } from './readiness';

/** Whether the run could start, why not, and what it will take. */
export function Ready(): React.JSX.Element | null {
  const model = useSetup();
  const { readiness, workbench } = model;
  const { answer, available, problem, stale } = readiness;
  const { trans } = workbench;
  if (!available) {
    return null;
  }
  const { mood, sentence } = headline(model);
  const reasons = answer?.checks.filter(({ status }) => status !== 'ok') ?? [];
  const passed = answer?.checks.filter(({ status }) => status === 'ok') ?? [];
  return (
    <Verdict mood={mood} sentence={sentence} label={trans.__('Readiness')}>
      {problem && (
        <Problem
          problem={problem}
          trans={trans}
          again={() => {
            readiness.changed();
          }}
        />
      )}
      {answer && (
        <div data-stale={stale}>
          <Estimate answer={answer} />
          <ul className="jp-ModelOps-checks">
            {reasons.map(check => (
              <Reason key={check.name} check={check} model={model} fields={answer.fields} />
            ))}
          </ul>
          {passed.length > 0 && (
            <details>
              <summary>{trans._n('%1 check passed', '%1 checks passed', passed.length)}</summary>
              <ul className="jp-ModelOps-checks">
                {passed.map(check => (
                  <Reason key={check.name} check={check} model={model} fields={[]} />
                ))}
              </ul>
            </details>
          )}
        </div>
      )}
    </Verdict>
  );
}

/** The state of all in two words. */
function headline(model: SetupModel): { mood: Mood; sentence: string } {
  const { readiness, submission, workbench } = model;
  const { trans } = workbench;
  if (submission === null) {
    return { mood: 'bad', sentence: trans.__('Not ready: see the marked fields') };
  }
  if (readiness.problem) {
    return { mood: 'warning', sentence: trans.__('Whether it can run is not known') };
  }
  if (readiness.stale || !readiness.answer) {
    return { mood: 'waiting', sentence: trans.__('Checking…') };
  }
  return readiness.answer.ready
    ? { mood: 'good', sentence: trans.__('Ready') }
    : { mood: 'bad', sentence: trans.__('Not ready') };
}

/** What the run will take, as far as that is known. */
function Estimate(props: { answer: Readiness }): React.JSX.Element {
  const { trans } = useSetup().workbench;
  const { dataset, estimate, queue } = props.answer;
  const facts: string[] = [];
  if (estimate) {
    const { bytes: needed, error_fraction: error, total } = estimate.memory;
    const percent = Math.round(100 * error);
    facts.push(trans.__('%1 of %2 memory (±%3 %)', bytes(needed), bytes(total), percent));
  }
  if (estimate?.seconds) {
    const { high, low, value } = estimate.seconds;
    const [from, about, to] = [low, value, high].map(seconds => roughly(seconds, trans));
    facts.push(
      from === to
        ? trans.__('about %1', about ?? '')
        : trans.__('about %1 (%2 to %3)', about ?? '', from ?? '', to ?? '')
    );
  }
  if (estimate?.steps) {
    facts.push(trans._n('%1 step', '%1 steps', estimate.steps));
  }
  if (dataset) {
    const { masked, over_length: over, rows } = dataset;
    facts.push(trans.__('%1 rows, %2 cut off', count(rows), count(over)));
    if (masked > 0) {
      facts.push(trans.__('%1 rows of which nothing is learned', count(masked)));
    }
  }
  if (!queue.free_now || queue.ahead > 0) {
    facts.push(trans.__('waits for other jobs, %1 of them before it', count(queue.ahead)));
  }
  return (
    <ul className="jp-ModelOps-estimate">
      {facts.map(fact => (
        <li key={fact}>{fact}</li>
      ))}
    </ul>
  );
}

const MARKS: Record<Check['status'], string> = {
  ok: '✓',
  warning: '!',
  blocked: '✗',
  unknown: '?'
};

/** The checks whose reasons are problems of fields. */
const OF_FIELDS = new Set(['parameters', 'references']);

function ofField(field: FieldProblem, { parameters }: SetupModel): string {
  const title = parameters.find(({ name }) => name === field.name)?.title ?? field.name;
  return `${title}: ${sentenceOf('', field).trim()}`;
}

/** What a button that mends is called: what happens in this panel, or what the server calls it. */
function mendName({ action, sentence }: Mend, { workbench: { trans } }: SetupModel): string {
  switch (action?.kind) {
    case 'add-model':
      return trans.__('Add a model…');
    case 'add-dataset':
      return trans.__('Add a dataset…');
    case 'create-environment':
      return trans.__('Create the environment');
    default:
      return sentence;
  }
}

/** One thing that was looked at, with what helps. */
function Reason(props: {
  check: Check;
  model: SetupModel;
  fields: readonly FieldProblem[];
}): React.JSX.Element {
  const { check, fields, model } = props;
  const { mend, sentence, status } = check;
  const { trans } = model.workbench;
  const does = mend?.parameters ?? mend?.action;
  const makes = mend?.action?.kind === 'create-environment';
  return (
    <li data-status={status}>
      <span aria-hidden="true">{MARKS[status]}</span>
      <div>
        {OF_FIELDS.has(check.name) && fields.length > 0
          ? fields.map(field => <div key={field.name}>{ofField(field, model)}</div>)
          : sentence}
        {makes && <Making mend={mend} model={model} />}
        {mend && does && !asksItself(mend) && (
          <div>
            <button
              type="button"
              className="jp-mod-styled"
              disabled={makes && model.environment.busy}
              onClick={() => {
                model.mend(mend);
              }}
            >
              {mendName(mend, model)}
            </button>
          </div>
        )}
        {mend && !does && <div className="jp-ModelOps-help">{mend.sentence}</div>}
        {mend?.command && !does && <Copyable text={mend.command} trans={trans} />}
      </div>
    </li>
  );
}

/** What making an environment costs; once it is at work, how far it is, and why it ended in vain. */
function Making(props: { mend: Mend; model: SetupModel }): React.JSX.Element {
  const { environment, workbench } = props.model;
  const { trans } = workbench;
  return (
    <>
      <div className="jp-ModelOps-help">{props.mend.sentence}</div>
      {environment.busy && <AtWork adding={environment} trans={trans} />}
      {environment.problem && <Problem problem={environment.problem} trans={trans} />}
    </>
  );
}
