import * as React from 'react';

import { Problem, Status } from '../components';
import { AtWork } from '../setup/atwork';
import { useModel } from '../setup/context';
import type { ChatModel } from './model';
import { Saving } from './saving';

/** Ways to keep what was said: a notebook, a dataset, pairs of better and worse answers. */
export function Save(props: { model: ChatModel; open: (path: string) => void }): React.JSX.Element {
  const { model, open } = props;
  const { trans } = model.workbench;
  const saving = React.useMemo(() => new Saving(model), [model]);
  useModel(saving);
  React.useEffect(
    () => () => {
      saving.dispose();
    },
    [saving]
  );
  const id = React.useId();
  const { busy, chats, preferences } = saving;
  return (
    <details className="jp-ModelOps-fold">
      <summary>{trans.__('Save')}</summary>
      <div className="jp-ModelOps-folded">
        <div className="jp-ModelOps-deeds">
          <button
            type="button"
            className="jp-mod-styled"
            disabled={busy || model.running || model.last === null}
            onClick={() => {
              void saving.notebook().then(path => {
                if (path !== null) {
                  open(path);
                }
              });
            }}
          >
            {trans.__('Save as notebook')}
          </button>
          <span className="jp-ModelOps-hint">
            {trans.__('What was said, and a cell that asks again.')}
          </span>
        </div>
        <label htmlFor={`${id}-name`}>{trans.__('Name of the dataset')}</label>
        <input
          id={`${id}-name`}
          className="jp-mod-styled"
          value={saving.name}
          spellCheck={false}
          onChange={({ target }) => {
            saving.call(target.value);
          }}
        />
        <div className="jp-ModelOps-deeds">
          <button
            type="button"
            className="jp-mod-styled"
            disabled={busy || model.running || chats.rows.length === 0 || saving.name === ''}
            onClick={() => void saving.dataset()}
          >
            {trans._n('Save %1 chat as dataset', 'Save %1 chats as dataset', chats.rows.length)}
          </button>
          <span className="jp-ModelOps-hint">
            {chats.left > 0
              ? trans._n(
                  'One chat per column. Left out: %1 answer, as it or one before it is rated bad, or not whole and not rated good.',
                  'One chat per column. Left out: %1 answers, as they or one before them are rated bad, or not whole and not rated good.',
                  chats.left
                )
              : trans.__('One chat per column.')}
          </span>
        </div>
        <div className="jp-ModelOps-deeds">
          <button
            type="button"
            className="jp-mod-styled"
            disabled={busy || model.running || preferences.rows.length === 0 || saving.name === ''}
            onClick={() => void saving.ratings()}
          >
            {trans._n(
              'Save %1 preference as file',
              'Save %1 preferences as file',
              preferences.rows.length
            )}
          </button>
          <span className="jp-ModelOps-hint">
            {preferences.left > 0
              ? trans._n(
                  '%1 pair is left out: something else was said before its answers.',
                  '%1 pairs are left out: something else was said before their answers.',
                  preferences.left
                )
              : trans.__(
                  'Answers to the same prompt, one rated higher than the other; what is not rated stands between good and bad.'
                )}
          </span>
        </div>
        <Outcome saving={saving} model={model} open={open} />
      </div>
    </details>
  );
}

/** How the last saving went. */
function Outcome(props: {
  saving: Saving;
  model: ChatModel;
  open: (path: string) => void;
}): React.JSX.Element | null {
  const { model, open, saving } = props;
  const { trans } = model.workbench;
  const { adding, saved } = saving;
  const problem = saving.problem ?? (saved?.what === 'dataset' ? adding.problem : null);
  if (problem) {
    return <Problem problem={problem} trans={trans} />;
  }
  if (!saved) {
    return null;
  }
  const { path, what } = saved;
  if (what === 'dataset') {
    if (adding.busy) {
      return <AtWork adding={adding} trans={trans} />;
    }
    const ref = adding.task?.result && 'ref' in adding.task.result ? adding.task.result.ref : null;
    return ref === null ? null : (
      <Status mood="good" sentence={trans.__('Saved as %1; the rows lie in %2, too.', ref, path)}>
        <button
          type="button"
          className="jp-ModelOps-link"
          onClick={() => {
            model.workbench.open('artifact', { ref });
          }}
        >
          {trans.__('Show the dataset')}
        </button>
      </Status>
    );
  }
  return (
    <Status
      mood="good"
      sentence={trans.__('Saved as %1.', path)}
      hint={
        what === 'preferences'
          ? trans.__(
              'It is a file of prompt, chosen and rejected, and no dataset: datasets hold chats and texts.'
            )
          : ''
      }
    >
      <button
        type="button"
        className="jp-ModelOps-link"
        onClick={() => {
          open(path);
        }}
      >
        {trans.__('Open the file')}
      </button>
    </Status>
  );
}
