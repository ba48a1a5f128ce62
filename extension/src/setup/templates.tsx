import { VDomRenderer } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import type { TemplateEntry } from '../api';
import { Empty, Problem } from '../components';
import { Resource } from '../loaded';
import type { IWorkbench } from '../tokens';

/** The templates that a run can be made from. */
export class TemplatesModel extends Resource<readonly TemplateEntry[]> {
  constructor(readonly workbench: IWorkbench) {
    super(async () =>
      ordered(await workbench.api.templates(), workbench.preferences.values.defaultTemplate)
    );
    void this.refresh();
  }

  get title(): string {
    return this.workbench.trans.__('New run');
  }

  /** Emitted with the name of the template that was chosen. */
  get chosen(): ISignal<this, string> {
    return this._chosen;
  }

  choose(name: string): void {
    this._chosen.emit(name);
  }

  private readonly _chosen = new Signal<this, string>(this);
}

/** The one that most begin with first, then by title; those that cannot be run last. */
export function ordered(
  entries: readonly TemplateEntry[],
  first: string
): readonly TemplateEntry[] {
  const rank = (entry: TemplateEntry): number =>
    entry.error !== null ? 2 : entry.name === first ? 0 : 1;
  return [...entries].sort(
    (a, b) => rank(a) - rank(b) || (a.title ?? a.name).localeCompare(b.title ?? b.name)
  );
}

/** The templates as a list: one click goes on to the form. */
export class TemplatesView extends VDomRenderer<TemplatesModel> {
  protected override render(): React.JSX.Element {
    const { model } = this;
    const { trans } = model.workbench;
    const { state } = model;
    return (
      <div className="jp-ModelOps-Templates">
        <h2>{model.title}</h2>
        <p className="jp-ModelOps-help">
          {trans.__(
            'Each is a notebook with a form. Any notebook of yours can be one: tag a cell “parameters”.'
          )}
        </p>
        {state.kind === 'loading' && <p role="status">{trans.__('Asking the server…')}</p>}
        {state.kind === 'failed' && (
          <Problem problem={state.problem} trans={trans} again={() => void model.refresh()} />
        )}
        {state.kind === 'ready' && state.value.length === 0 && (
          <Empty sentence={trans.__('This server has no templates.')} />
        )}
        {state.kind === 'ready' && (
          <ul className="jp-ModelOps-templates">
            {state.value.map(entry => (
              <li key={entry.name}>
                <Entry
                  entry={entry}
                  trans={trans}
                  choose={() => {
                    model.choose(entry.name);
                  }}
                />
              </li>
            ))}
          </ul>
        )}
      </div>
    );
  }
}

function Entry(props: {
  entry: TemplateEntry;
  trans: TranslationBundle;
  choose: () => void;
}): React.JSX.Element {
  const { choose, entry, trans } = props;
  const { error, name, produces, summary, title } = entry;
  return (
    <button type="button" disabled={error !== null} onClick={choose}>
      <strong>{title ?? name}</strong>
      {produces && produces.length > 0 && (
        <span className="jp-ModelOps-makes">{trans.__('makes: %1', produces.join(', '))}</span>
      )}
      <span className="jp-ModelOps-help">{error ? trans.__('✗ %1', error.detail) : summary}</span>
    </button>
  );
}
