import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Details, EndpointPlan } from '../api';
import { Mood, Problem } from '../components';
import { Verdict } from '../components/verdict';
import { count } from '../format';
import { AtWork } from '../setup/atwork';
import { Memory } from './memory';
import type { ServeModel } from './serving';
import { engineName } from './states';

/** What would be started, or what is in the way. */
export function Outlook({ model }: { model: ServeModel }): React.JSX.Element {
  const { plan, workbench } = model;
  const { trans } = workbench;
  const [mood, sentence] = headline(model);
  return (
    <Verdict mood={mood} sentence={sentence} label={trans.__('Readiness')}>
      {plan.state.kind === 'failed' && model.request !== null && (
        <Problem problem={plan.state.problem} trans={trans} again={() => void plan.refresh()} />
      )}
      {plan.value && model.asked.ref !== '' && (
        <div data-stale={model.stale}>
          {plan.value.problem && <InTheWay model={model} problem={plan.value.problem} />}
          <Planned
            plan={plan.value}
            limit={model.request?.options?.max_memory ?? null}
            trans={trans}
          />
        </div>
      )}
    </Verdict>
  );
}

/** The state of all in two words. */
function headline(model: ServeModel): [Mood, string] {
  const { plan, workbench } = model;
  const { trans } = workbench;
  if (model.asked.ref === '') {
    return ['waiting', trans.__('Choose what to serve')];
  }
  if (model.request === null) {
    return ['bad', trans.__('Not ready: see the marked fields')];
  }
  if (plan.state.kind === 'failed') {
    return ['warning', trans.__('Whether it can be served is not known')];
  }
  if (model.stale || !plan.value) {
    return ['waiting', trans.__('Checking…')];
  }
  return plan.value.problem ? ['bad', trans.__('Not ready')] : ['good', trans.__('Ready')];
}

/** Why it would not be started, and what helps. */
function InTheWay(props: { model: ServeModel; problem: Details }): React.JSX.Element {
  const { model, problem } = props;
  const { environment, workbench } = model;
  const { trans } = workbench;
  const missing = problem.environment;
  return (
    <ul className="jp-ModelOps-checks">
      <li data-status="blocked">
        <span aria-hidden="true">✗</span>
        <div>
          {problem.detail}
          {problem.hint && <div className="jp-ModelOps-help">{problem.hint}</div>}
          {environment.busy && <AtWork adding={environment} trans={trans} />}
          {environment.problem && <Problem problem={environment.problem} trans={trans} />}
          {problem.code === 'environment_missing' && typeof missing === 'string' && (
            <div>
              <button
                type="button"
                className="jp-mod-styled"
                disabled={environment.busy}
                onClick={() => void environment.start(api => api.createEnvironment(missing))}
              >
                {trans.__('Create the environment')}
              </button>
            </div>
          )}
        </div>
      </li>
    </ul>
  );
}

function Planned(props: {
  plan: EndpointPlan;
  limit: number | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { limit, plan, trans } = props;
  const facts: string[] = [];
  if (plan.engine !== null) {
    facts.push(trans.__('served by %1', engineName(plan.engine)));
  }
  if (plan.context !== null) {
    facts.push(trans.__('%1 tokens of prompt and answer', count(plan.context)));
  }
  return (
    <>
      <ul className="jp-ModelOps-estimate">
        {facts.map(fact => (
          <li key={fact}>{fact}</li>
        ))}
      </ul>
      {Object.keys(plan.memory).length > 0 && <Memory plan={plan} limit={limit} trans={trans} />}
    </>
  );
}
