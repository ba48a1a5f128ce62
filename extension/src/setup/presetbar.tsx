import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { useSetup } from './context';

/** Values that go together, to begin with; and a way to keep those of the form. */
export function PresetBar(): React.JSX.Element | null {
  const model = useSetup();
  const { preset, presets, workbench } = model;
  const { trans } = workbench;
  const [title, setTitle] = React.useState<string | null>(null);
  const id = React.useId();
  const shown = presets.length > 0;
  const changed = Object.keys(model.changes).length > 0;
  if (title !== null) {
    return (
      <form
        className="jp-ModelOps-presets"
        onSubmit={event => {
          event.preventDefault();
          void model.savePreset(title.trim());
          setTitle(null);
        }}
      >
        <label htmlFor={id}>{trans.__('Title')}</label>
        <input
          id={id}
          className="jp-mod-styled"
          value={title}
          maxLength={40}
          autoFocus
          onChange={({ target }) => {
            setTitle(target.value);
          }}
          onKeyDown={({ key }) => {
            if (key === 'Escape') {
              setTitle(null);
            }
          }}
        />
        <button className="jp-mod-styled jp-mod-accept" disabled={title.trim() === ''}>
          {trans.__('Save')}
        </button>
        <button
          type="button"
          className="jp-mod-styled"
          onClick={() => {
            setTitle(null);
          }}
        >
          {trans.__('Cancel')}
        </button>
      </form>
    );
  }
  return (
    <div className="jp-ModelOps-presets">
      {shown && (
        <>
          <label htmlFor={id}>{trans.__('Preset')}</label>
          <HTMLSelect
            id={id}
            value={presets.findIndex(({ title: of }) => of === preset?.title)}
            onChange={({ target }) => {
              const chosen = presets[Number(target.value)];
              if (chosen) {
                model.apply(chosen);
              }
            }}
          >
            {!preset && <option value={-1}>{trans.__('own values')}</option>}
            {presets.map((item, index) => (
              <option key={index} value={index}>
                {item.title}
              </option>
            ))}
          </HTMLSelect>
        </>
      )}
      {changed && (
        <button
          type="button"
          className="jp-ModelOps-link"
          onClick={() => {
            setTitle('');
          }}
        >
          {trans.__('Save as preset…')}
        </button>
      )}
    </div>
  );
}
