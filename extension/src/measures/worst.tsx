import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Problem } from '../components';
import { useAnswer } from '../components/answer';
import { count, measured } from '../format';
import type { IWorkbench } from '../tokens';
import { ISample, worstFirst } from './samples';

const FILE = 'rows.jsonl';

/** More than that is not asked for: it can be saved from the list of files. */
const MOST_BYTES = 5_000_000;

const PAGE = 5;

/** The rows of an evaluation, the worst first, with what was asked, expected and answered. */
export function WorstRows(props: {
  evaluation: ArtifactDetail;
  workbench: IWorkbench;
}): React.JSX.Element | null {
  const { evaluation, workbench } = props;
  const { api, trans } = workbench;
  const [shown, show] = React.useState(PAGE);
  const there = evaluation.files.some(({ path, size }) => path === FILE && size <= MOST_BYTES);
  const answer = useAnswer(
    there ? evaluation.ref : null,
    async () => worstFirst(await api.artifactText(evaluation.ref, FILE)),
    0
  );
  if (answer?.kind === 'failed') {
    return <Problem problem={answer.problem} trans={trans} />;
  }
  if (answer?.kind !== 'ready') {
    return null;
  }
  const rows = answer.value;
  const compared = rows.some(row => row.reference_loss !== undefined);
  const said = rows.some(row => row.reference_answer !== undefined);
  return (
    <section aria-label={trans.__('Worst rows first')}>
      <h3>{trans.__('Worst rows first')}</h3>
      <div className="jp-ModelOps-scrolled" tabIndex={0}>
        <table className="jp-ModelOps-rows jp-ModelOps-worst">
          <thead>
            <tr>
              <th scope="col">{trans.__('Row')}</th>
              <th scope="col">{trans.__('Loss')}</th>
              {compared && <th scope="col">{trans.__('Of the reference')}</th>}
              <th scope="col">{trans.__('Question')}</th>
              <th scope="col">{trans.__('Expected')}</th>
              <th scope="col">{trans.__('Answered')}</th>
              {said && <th scope="col">{trans.__('By the reference')}</th>}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, shown).map(row => (
              <tr key={row.row}>
                <th scope="row">{count(row.row)}</th>
                <td className="jp-ModelOps-figure">{measured(row.loss)}</td>
                {compared && (
                  <td className="jp-ModelOps-figure">{measured(row.reference_loss ?? NaN)}</td>
                )}
                {texts(row, said).map((text, index) => (
                  <td key={index}>{text ?? '–'}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown < rows.length && (
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            show(shown + 4 * PAGE);
          }}
        >
          {trans.__('Show more of %1 rows', count(rows.length))}
        </button>
      )}
    </section>
  );
}

function texts(row: ISample, said: boolean): readonly (string | undefined)[] {
  const own = [row.question, row.expected, row.answer];
  return said ? [...own, row.reference_answer] : own;
}
