import * as React from 'react';

import type { Api } from '../api';
import { Problem } from '../components';
import { useAnswer } from '../components/answer';
import { Findings } from '../measures/findings';
import type { AskModel } from './model';

/** Evaluations that are shown side by side. */
const MOST = 3;
/** The newest evaluations, of whatever, among which those of the index are looked for. */
const LOOKED_AT = 500;

/** How well the index finds, as far as that was measured, and what measures it. */
export function Evaluated(props: { model: AskModel }): React.JSX.Element | null {
  const { ref, workbench } = props.model;
  const { api, trans } = workbench;
  const answer = useAnswer(ref, () => evaluationsOf(api, ref ?? ''), 0);
  if (answer?.kind === 'failed') {
    return <Problem problem={answer.problem} trans={trans} />;
  }
  if (ref === null || answer?.kind !== 'ready') {
    return null;
  }
  const evaluations = answer.value;
  const evaluate = (
    <button
      type="button"
      className="jp-ModelOps-link"
      onClick={() => {
        workbench.open('run', { template: 'rag-evaluate', changes: { index: ref } });
      }}
    >
      {trans.__('Evaluate it…')}
    </button>
  );
  return evaluations.length === 0 ? (
    <p>
      {trans.__('How well it finds has not been measured.')} {evaluate}
    </p>
  ) : (
    <details>
      <summary>{trans._n('%1 evaluation', '%1 evaluations', evaluations.length)}</summary>
      <Findings refs={evaluations.slice(0, MOST)} workbench={workbench} />
      {evaluate}
    </details>
  );
}

/** The evaluations that were made of an index, the newest first. */
async function evaluationsOf(api: Api, ref: string): Promise<readonly string[]> {
  const [{ digest, edges }, { artifacts }] = await Promise.all([
    api.lineage(ref),
    api.artifacts({ kind: 'evaluation', limit: LOOKED_AT })
  ]);
  const made = new Set(
    edges.flatMap(({ product, source }) => (source === digest ? [product] : []))
  );
  return artifacts.filter(item => made.has(item.digest)).map(item => item.ref);
}
