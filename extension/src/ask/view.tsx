import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem } from '../components';
import { Prompt } from '../components/prompt';
import { Answer } from './answer';
import { Choosing } from './choosing';
import { Content } from './content';
import { Evaluated } from './evaluated';
import { Hits } from './hits';
import type { AskModel, IOutcome, Method } from './model';
import { OpenDocument } from './open-document';

/** An index: what is asked, what was found and said, and the document where it stands. */
export class AskView extends VDomRenderer<AskModel> {
  constructor(model: AskModel) {
    super(model);
    this.addClass('jp-ModelOps-Ask');
  }

  protected override render(): React.JSX.Element {
    const { model } = this;
    if (model.ref === null) {
      return <Choosing model={model} />;
    }
    return (
      <div className="jp-ModelOps-askcolumns" data-reading={model.reading.source !== null}>
        <div className="jp-ModelOps-asking">
          <Header model={model} />
          <Questioning model={model} />
          {model.outcome ? <Outcome model={model} outcome={model.outcome} /> : null}
          <Content model={model} />
          <Evaluated model={model} />
        </div>
        {model.reading.source !== null && <OpenDocument model={model} />}
      </div>
    );
  }
}

function Header(props: { model: AskModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const ref = model.ref ?? '';
  return (
    <header className="jp-ModelOps-row">
      <h2>{trans.__('Ask %1', ref)}</h2>
      <span className="jp-ModelOps-deeds">
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            model.workbench.open('artifact', { ref });
          }}
        >
          {trans.__('How it was made')}
        </button>
      </span>
    </header>
  );
}

function Questioning(props: { model: AskModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const methods: Record<Method, string> = {
    hybrid: trans.__('meaning and words'),
    dense: trans.__('meaning'),
    bm25: trans.__('words')
  };
  const empty = model.question.trim() === '';
  return (
    <form
      className="jp-ModelOps-questioning"
      onSubmit={event => {
        event.preventDefault();
        void model.ask(true);
      }}
    >
      <Prompt
        label={trans.__('Question')}
        value={model.question}
        placeholder={trans.__('What do you want to know? Enter asks.')}
        rows={2}
        onChange={question => {
          model.set({ question });
        }}
        onSend={() => void model.ask(true)}
      />
      <div className="jp-ModelOps-row">
        <label>
          {trans.__('Find by')}{' '}
          <select
            className="jp-mod-styled"
            value={model.method}
            onChange={({ target }) => {
              model.set({ method: target.value as Method });
            }}
          >
            {Object.entries(methods).map(([method, words]) => (
              <option key={method} value={method}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <Answerer model={model} />
        <span className="jp-ModelOps-deeds">
          {model.busy && (
            <button
              type="button"
              className="jp-mod-styled jp-mod-warn"
              onClick={() => {
                model.stop();
              }}
            >
              {trans.__('Stop')}
            </button>
          )}
          <button
            type="button"
            className="jp-mod-styled"
            disabled={empty}
            title={trans.__('Only find the passages; no model is asked')}
            onClick={() => void model.ask(false)}
          >
            {trans.__('Search')}
          </button>
          <button className="jp-mod-styled jp-mod-accept" disabled={empty}>
            {trans.__('Ask')}
          </button>
        </span>
      </div>
    </form>
  );
}

/** Who answers, where that is a choice. */
function Answerer(props: { model: AskModel }): React.JSX.Element | null {
  const { model } = props;
  const { trans } = model.workbench;
  const known = model.models.value ?? [];
  if (known.length === 0 || (known.length === 1 && model.answerer === null)) {
    return null;
  }
  return (
    <label>
      {trans.__('Answered by')}{' '}
      <select
        className="jp-mod-styled"
        value={model.answerer ?? ''}
        onFocus={() => void model.models.refresh()}
        onChange={({ target }) => {
          model.set({ answerer: target.value === '' ? null : target.value });
        }}
      >
        <option value="">{trans.__('what the server chooses')}</option>
        {known.map(id => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
      </select>
    </label>
  );
}

function Outcome(props: { model: AskModel; outcome: IOutcome }): React.JSX.Element {
  const { model, outcome } = props;
  const { trans } = model.workbench;
  const again = (): void => void model.ask(outcome.answered);
  return (
    <section aria-label={trans.__('What was found')}>
      <p className="jp-ModelOps-hint" role="status" aria-live="polite">
        {outcome.progress}
      </p>
      {outcome.problem && <Problem problem={outcome.problem} trans={trans} again={again} />}
      {outcome.text !== '' && <Answer model={model} outcome={outcome} />}
      {outcome.hits && <Hits model={model} outcome={outcome} hits={outcome.hits} />}
    </section>
  );
}
