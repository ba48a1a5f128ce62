import { HTMLSelect } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Artifact } from '../api';
import { Problem } from '../components';
import { bytes } from '../format';
import { AddModel } from '../setup/addmodel';
import { AtWork } from '../setup/atwork';
import { EXAMPLE_MODEL } from '../setup/examples';
import { meant, reference } from '../setup/references';
import type { ServeModel } from './serving';

/** Picks the model or adapter that is served, or adds a model in place. */
export function Subject({ model }: { model: ServeModel }): React.JSX.Element {
  const { adapters, adding, asked, models, open, workbench } = model;
  const { trans } = workbench;
  const id = React.useId();
  const known = model.references.of('model');
  const all = [...models, ...adapters];
  const chosen = meant(all, asked.ref);
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label">
        <label htmlFor={id}>{trans.__('Model or adapter')}</label>
      </div>
      <div className="jp-ModelOps-pickerline">
        <HTMLSelect
          id={id}
          value={chosen?.ref ?? asked.ref}
          onChange={({ target }) => {
            const picked = all.find(({ ref }) => ref === target.value);
            model.change({ ref: picked ? reference(all, picked) : '' });
          }}
        >
          {asked.ref === '' && <option value="">{trans.__('choose one')}</option>}
          {!chosen && asked.ref !== '' && <option value={asked.ref}>{asked.ref}</option>}
          <Group label={trans.__('Models')} artifacts={models} trans={trans} />
          <Group label={trans.__('Adapters')} artifacts={adapters} trans={trans} />
        </HTMLSelect>
        <button
          type="button"
          className="jp-mod-styled"
          aria-expanded={open}
          onClick={() => {
            model.open = !open;
          }}
        >
          {trans.__('Add…')}
        </button>
      </div>
      {known.state.kind === 'failed' && (
        <Problem problem={known.state.problem} trans={trans} again={() => void known.refresh()} />
      )}
      {adding.busy ? (
        <AtWork adding={adding} trans={trans} />
      ) : (
        adding.problem && <Problem problem={adding.problem} trans={trans} />
      )}
      {known.state.kind === 'ready' && all.length === 0 && !open && !adding.busy && (
        <Example model={model} />
      )}
      {open && (
        <section className="jp-ModelOps-adding" aria-label={trans.__('Add a model')}>
          <AddModel adding={adding} example={EXAMPLE_MODEL} trans={trans} />
        </section>
      )}
    </div>
  );
}

function Group(props: {
  label: string;
  artifacts: readonly Artifact[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { artifacts, label, trans } = props;
  return artifacts.length === 0 ? null : (
    <optgroup label={label}>
      {artifacts.map(({ ref, rejected, size }) => (
        <option key={ref} value={ref}>
          {rejected.length > 0
            ? trans.__('%1 (%2, rejected)', ref, bytes(size))
            : trans.__('%1 (%2)', ref, bytes(size))}
        </option>
      ))}
    </optgroup>
  );
}

/** Where there is no model yet. */
function Example({ model }: { model: ServeModel }): React.JSX.Element {
  const { trans } = model.workbench;
  const { add, name, note } = EXAMPLE_MODEL;
  return (
    <div className="jp-ModelOps-absent">
      <span>{trans.__('There is no model yet.')}</span>
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        onClick={() => void model.adding.start(server => add(server, name))}
      >
        {trans.__('Use the example')}
      </button>
      <span>{note(trans)}</span>
    </div>
  );
}
