import * as React from 'react';

import type { Bin } from '../api';
import { Problem } from '../components';
import type { Loaded } from '../loaded';
import type { IPreviewProps, IWorkbench } from '../tokens';
import { useAnswer } from '../components/answer';
import { Batch } from './batch';
import { Conversations } from './conversations';
import { Histogram } from './histogram';

const ROWS = 20;

/** What a training would learn from: the rows, how long they are, and the first batch as the model sees it. */
export function TrainPreview(props: IPreviewProps): React.JSX.Element {
  const { inputs, readiness, submission, template, values, workbench } = props;
  const { api, preferences, trans } = workbench;
  const { previews } = preferences.values;
  const given = Object.values(inputs);
  const dataset = given.find(artifact => artifact?.kind === 'dataset')?.ref ?? null;
  const model = given.find(artifact => artifact?.kind === 'model')?.ref ?? null;
  const limit = typeof values.max_length === 'number' ? values.max_length : undefined;
  const rows = useAnswer(previews.dataset ? dataset : null, () =>
    api.inspectDataset({ ref: dataset ?? '', rows: ROWS })
  );
  const batchKey =
    previews.batch && submission && dataset && model
      ? JSON.stringify([template.path, dataset, model, limit, values.rows_per_batch])
      : null;
  const batch = useAnswer(batchKey, () => api.firstBatch(submission ?? NOTHING));
  const counted = readiness?.dataset;
  return (
    <>
      {batchKey !== null && (
        <Section
          title={trans.__('First batch as the model sees it')}
          of={batch}
          workbench={workbench}
        >
          {value => <Batch batch={value} trans={trans} />}
        </Section>
      )}
      {previews.lengths && counted && (
        <Histogram
          bins={counted.histogram as readonly Bin[]}
          unit={trans.__('Tokens')}
          limit={limit}
          trans={trans}
        />
      )}
      {dataset !== null && previews.dataset && (
        <Section title={trans.__('What it learns from')} of={rows} workbench={workbench}>
          {value => (
            <>
              <Conversations rows={value.preview} total={value.rows} trans={trans} />
              {previews.lengths && !counted && (
                <Histogram bins={value.words.histogram} unit={trans.__('Words')} trans={trans} />
              )}
            </>
          )}
        </Section>
      )}
    </>
  );
}

const NOTHING = { template: '', parameters: {} };

/** A part of the preview: being asked for, there, or why not. */
function Section<T>(props: {
  title: string;
  of: Loaded<T> | null;
  workbench: IWorkbench;
  children: (value: T) => React.ReactNode;
}): React.JSX.Element {
  const { children, of, title, workbench } = props;
  return (
    <section className="jp-ModelOps-preview" aria-busy={of?.kind === 'loading'}>
      <h3>{title}</h3>
      {of?.kind === 'failed' && <Problem problem={of.problem} trans={workbench.trans} />}
      {of?.kind === 'loading' && (
        <p className="jp-ModelOps-help">{workbench.trans.__('Asking the server…')}</p>
      )}
      {of?.kind === 'ready' && children(of.value)}
    </section>
  );
}
