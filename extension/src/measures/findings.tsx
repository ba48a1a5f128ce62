import * as React from 'react';

import type { Api, ArtifactComparison } from '../api';
import { Problem } from '../components';
import { useAnswer } from '../components/answer';
import type { IWorkbench } from '../tokens';
import { TradeoffChart } from './chart';
import { factOf, tradeoffs } from './columns';
import { MeasureTable } from './table';

/** What was measured of artifacts, as a picture and a table. */
export function Findings(props: {
  refs: readonly string[];
  workbench: IWorkbench;
}): React.JSX.Element | null {
  const { refs, workbench } = props;
  const { api, trans } = workbench;
  const answer = useAnswer(refs.join(' ') || null, () => withOrigin(api, refs), 0);
  if (answer?.kind === 'failed') {
    return <Problem problem={answer.problem} trans={trans} />;
  }
  const comparison = answer?.kind === 'ready' ? answer.value : null;
  if (comparison === null) {
    return null;
  }
  return (
    <section className="jp-ModelOps-findings" aria-label={trans.__('What was measured')}>
      <Measured comparison={comparison} workbench={workbench} />
      {comparison.artifacts.length > 1 && (
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            workbench.open('artifact-comparison', {
              artifacts: comparison.artifacts.map(({ ref }) => ref)
            });
          }}
        >
          {trans.__('Compare in full…')}
        </button>
      )}
    </section>
  );
}

/** The picture, where there are models to draw, and the table. */
export function Measured(props: {
  comparison: ArtifactComparison;
  workbench: IWorkbench;
}): React.JSX.Element {
  const { comparison, workbench } = props;
  const { trans } = workbench;
  const drawn = tradeoffs(comparison);
  return (
    <>
      {drawn && <TradeoffChart tradeoffs={drawn} trans={trans} />}
      <MeasureTable
        comparison={comparison}
        open={ref => {
          workbench.open('artifact', { ref });
        }}
        trans={trans}
      />
    </>
  );
}

/** Compare artifacts, and beside them the one model that all of them were made from, where it is still there. */
async function withOrigin(api: Api, refs: readonly string[]): Promise<ArtifactComparison> {
  const found = await api.compareArtifacts(refs);
  const models = found.artifacts.every(({ kind }) => kind === 'model');
  const origins = new Set(factOf(found, 'base_model').filter(origin => origin !== null));
  const [origin] = origins;
  if (!models || origin === undefined || origins.size > 1 || refs.includes(origin)) {
    return found;
  }
  try {
    return await api.compareArtifacts([origin, ...refs]);
  } catch {
    return found;
  }
}
