import { HTMLSelect } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { BadRow, DatasetFormat, Inspection } from '../api';
import { Problem } from '../components';
import { count } from '../format';
import { Conversations } from '../train/conversations';
import { Histogram } from '../train/histogram';
import type { Adding } from './adding';
import { useModel } from './context';
import { DatasetDraft } from './draft';
import { Drop } from './drop';
import { EXAMPLE_DATASET } from './examples';
import type { SetupModel } from './model';

const FORMATS: DatasetFormat[] = [
  'auto',
  'messages',
  'sharegpt',
  'alpaca',
  'prompt-completion',
  'text'
];

/** Adds a dataset: from a file of this computer, a path of the server, or the example; after a look at what is in it. */
export function AddDataset(props: { model: SetupModel; adding: Adding }): React.JSX.Element {
  const { adding, model } = props;
  const { api, contents, trans } = model.workbench;
  const draft = React.useMemo(() => new DatasetDraft(api, contents), [api, contents]);
  useModel(draft);
  React.useEffect(
    () => () => {
      draft.dispose();
    },
    [draft]
  );
  const id = React.useId();
  const { seen } = draft;
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        const { dataset } = draft;
        if (dataset) {
          void adding.start(server => server.addDataset(dataset));
        } else if (draft.path.trim() !== '') {
          draft.inspect();
        }
      }}
    >
      <Drop
        trans={trans}
        uploads={draft.uploads}
        words={trans.__('or drop it here: JSONL, JSON, CSV or Parquet')}
        accept=".jsonl,.json,.csv,.parquet"
        autoFocus
        take={picked => draft.upload(picked)}
      />
      <label htmlFor={`${id}-path`}>{trans.__('or a path below the server’s root')}</label>
      <div className="jp-ModelOps-pickerline">
        <input
          id={`${id}-path`}
          className="jp-mod-styled"
          value={draft.path}
          placeholder={trans.__('data/chats.jsonl')}
          spellCheck={false}
          onChange={({ target }) => {
            draft.set({ path: target.value });
          }}
        />
        <button
          type="button"
          className="jp-mod-styled"
          disabled={draft.path.trim() === ''}
          onClick={() => {
            draft.inspect();
          }}
        >
          {trans.__('Look')}
        </button>
      </div>
      {!seen && (
        <div className="jp-ModelOps-help">
          {trans.__('or')}{' '}
          <button
            type="button"
            className="jp-ModelOps-link"
            onClick={() =>
              void adding.start(server => EXAMPLE_DATASET.add(server, EXAMPLE_DATASET.name))
            }
          >
            {trans.__('use the example')}
          </button>{' '}
          {trans.__('of questions and answers from Python’s own documentation')}
        </div>
      )}
      {seen?.kind === 'loading' && <p role="status">{trans.__('Looking at the rows…')}</p>}
      {seen?.kind === 'failed' && (
        <Problem
          problem={seen.problem}
          trans={trans}
          again={() => {
            draft.inspect();
          }}
        />
      )}
      {seen?.kind === 'ready' && (
        <Seen draft={draft} inspection={seen.value} trans={trans} id={id} busy={adding.busy} />
      )}
    </form>
  );
}

/** What is in the dataset, and what is wrong with it, before it is added. */
function Seen(props: {
  draft: DatasetDraft;
  inspection: Inspection;
  trans: TranslationBundle;
  id: string;
  busy: boolean;
}): React.JSX.Element {
  const { busy, draft, id, inspection, trans } = props;
  const bad = inspection.bad_row_count ?? 0;
  const { unit, lengths } =
    inspection.tokens === null
      ? { unit: trans.__('words'), lengths: inspection.words }
      : { unit: trans.__('tokens'), lengths: inspection.tokens };
  return (
    <>
      <p role="status" className="jp-ModelOps-seen">
        {trans.__('%1 usable rows of the format %2.', count(inspection.rows), inspection.format)}
      </p>
      {bad > 0 && (
        <BadRows total={bad} rows={inspection.bad_rows ?? []} draft={draft} trans={trans} />
      )}
      {inspection.rows > 0 && (
        <>
          <Conversations rows={inspection.preview} total={inspection.rows} trans={trans} />
          <Histogram bins={lengths.histogram} unit={unit} trans={trans} />
        </>
      )}
      <label htmlFor={`${id}-format`}>{trans.__('Format')}</label>
      <HTMLSelect
        id={`${id}-format`}
        value={draft.format}
        options={FORMATS}
        onChange={({ target }) => {
          draft.set({ format: target.value as DatasetFormat });
        }}
      />
      <label htmlFor={`${id}-name`}>{trans.__('Name')}</label>
      <input
        id={`${id}-name`}
        className="jp-mod-styled"
        value={draft.name}
        spellCheck={false}
        onChange={({ target }) => {
          draft.set({ name: target.value });
        }}
      />
      <div>
        <button
          className="jp-mod-styled jp-mod-accept"
          disabled={busy || draft.dataset === null || inspection.rows === 0}
        >
          {trans.__('Add dataset')}
        </button>
      </div>
    </>
  );
}

/** The rows that cannot be used, each with where it is and why. */
function BadRows(props: {
  total: number;
  rows: readonly BadRow[];
  draft: DatasetDraft;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { draft, rows, total, trans } = props;
  return (
    <div className="jp-ModelOps-badrows">
      <p>
        <span aria-hidden="true">! </span>
        {trans._n('%1 row cannot be used', '%1 rows cannot be used', total)}
      </p>
      <div
        className="jp-ModelOps-scroll"
        tabIndex={0}
        role="region"
        aria-label={trans.__('Bad rows')}
      >
        <table>
          <thead>
            <tr>
              <th>{trans.__('File')}</th>
              <th>{trans.__('Line')}</th>
              <th>{trans.__('Field')}</th>
              <th>{trans.__('Reason')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                <td>{row.file}</td>
                <td>{row.line}</td>
                <td>{row.field}</td>
                <td>{row.message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <label>
        <input
          type="checkbox"
          checked={draft.skipBadRows}
          onChange={({ target }) => {
            draft.skip(target.checked);
          }}
        />{' '}
        {trans.__('Skip these rows')}
      </label>
    </div>
  );
}
