import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem } from '../components';
import { Ready } from './checks';
import { SetupProvider, useSetup } from './context';
import { Form } from './form';
import type { SetupModel } from './model';
import { PresetBar } from './presetbar';
import { Written } from './written';

/** The form of a run on the left, and on the right what it will do. */
export class SetupView extends VDomRenderer<SetupModel> {
  constructor(model: SetupModel) {
    super(model);
    this.addClass('jp-ModelOps-Setup');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    const { problem, template, workbench } = model;
    const { trans } = workbench;
    if (!template) {
      return problem ? (
        <Problem problem={problem} trans={trans} again={() => void model.load()} />
      ) : (
        <p role="status">{trans.__('Asking the server…')}</p>
      );
    }
    const Preview = workbench.previews.get(template.kind);
    return (
      <SetupProvider value={model}>
        <div
          onKeyDown={event => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              event.stopPropagation();
              void model.run();
            }
          }}
        >
          <header className="jp-ModelOps-head">
            <h2>{model.title}</h2>
            <PresetBar />
          </header>
          {template.summary && <p className="jp-ModelOps-help">{template.summary}</p>}
          <div className="jp-ModelOps-columns">
            <div className="jp-ModelOps-form">
              {model.parameters.length > 0 ? (
                <Form model={model} />
              ) : (
                <p className="jp-ModelOps-help">
                  {trans.__('This notebook has no parameters. It runs as it is.')}
                </p>
              )}
              <RunBar />
            </div>
            <div className="jp-ModelOps-outlook">
              <Ready />
              {Preview && (
                <Preview
                  template={template}
                  values={model.values}
                  inputs={model.inputs}
                  submission={model.submission}
                  readiness={model.readiness.stale ? null : model.readiness.answer}
                  workbench={workbench}
                />
              )}
              <Written />
            </div>
          </div>
        </div>
      </SetupProvider>
    );
  }
}

/** The button that begins the run, and why it did not. */
function RunBar(): React.JSX.Element {
  const model = useSetup();
  const { doubtful, fieldProblems, problem, readiness, submitting, workbench } = model;
  const { trans } = workbench;
  return (
    <div className="jp-ModelOps-runbar">
      {problem && <Problem problem={problem} trans={trans} />}
      <button
        type="button"
        className="jp-mod-styled jp-mod-accept"
        title={trans.__('Ctrl+Enter or ⌘+Enter')}
        disabled={submitting || fieldProblems.length > 0}
        onClick={() => void model.run()}
      >
        {submitting
          ? readiness.stale
            ? trans.__('Checking…')
            : trans.__('Queueing…')
          : doubtful
            ? trans.__('Run anyway')
            : trans.__('Run')}
      </button>
    </div>
  );
}
