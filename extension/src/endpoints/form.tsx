import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem } from '../components';
import { Fields } from './fields';
import { Outlook } from './outlook';
import type { ServeModel } from './serving';

/** The form that serves a model on the left, and on the right what would be started. */
export class ServeView extends VDomRenderer<ServeModel> {
  constructor(model: ServeModel) {
    super(model);
    this.addClass('jp-ModelOps-Setup');
    this.addClass('jp-ModelOps-Serve');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    const { trans } = model.workbench;
    return (
      <div
        onKeyDown={event => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.stopPropagation();
            void model.start();
          }
        }}
      >
        <header className="jp-ModelOps-head">
          <h2>{model.title}</h2>
        </header>
        <p className="jp-ModelOps-help">
          {trans.__(
            'Starts a server of a verified model, which speaks the OpenAI API and outlives this page.'
          )}
        </p>
        <div className="jp-ModelOps-columns">
          <div className="jp-ModelOps-form">
            <Fields model={model} />
            <StartBar model={model} />
          </div>
          <div className="jp-ModelOps-outlook">
            <Outlook model={model} />
          </div>
        </div>
      </div>
    );
  }
}

function StartBar({ model }: { model: ServeModel }): React.JSX.Element {
  const { trans } = model.workbench;
  return (
    <div className="jp-ModelOps-runbar">
      {model.refusal && <Problem problem={model.refusal} trans={trans} />}
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        title={trans.__('Ctrl+Enter')}
        disabled={model.starting || model.request === null}
        onClick={() => void model.start()}
      >
        {model.starting ? trans.__('Starting…') : trans.__('Start')}
      </button>
    </div>
  );
}
