import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ChatModel } from './model';
import { Choice, CHOICES, LIMITS, wrong } from './sampling';

/** The system prompt, and how the models pick their tokens; folded, with a word on what was changed. */
export function Settings(props: { model: ChatModel }): React.JSX.Element {
  const { model } = props;
  const { trans } = model.workbench;
  const { sampling, system } = model.chat;
  const changed =
    CHOICES.filter(choice => sampling[choice] !== '').length + (system.trim() === '' ? 0 : 1);
  const id = React.useId();
  return (
    <details className="jp-ModelOps-fold">
      <summary>
        {changed === 0 ? trans.__('Settings') : trans.__('Settings (%1 changed)', changed)}
      </summary>
      <div className="jp-ModelOps-folded">
        <label htmlFor={`${id}-system`}>{trans.__('System prompt')}</label>
        <textarea
          id={`${id}-system`}
          className="jp-mod-styled"
          rows={2}
          value={system}
          placeholder={trans.__('What the model is told before the conversation')}
          onChange={({ target }) => {
            model.set({ system: target.value });
          }}
        />
        <div className="jp-ModelOps-sampling">
          {CHOICES.map(choice => (
            <Field key={choice} id={`${id}-${choice}`} choice={choice} model={model} />
          ))}
        </div>
      </div>
    </details>
  );
}

function Field(props: { id: string; choice: Choice; model: ChatModel }): React.JSX.Element {
  const { choice, id, model } = props;
  const { trans } = model.workbench;
  const { sampling } = model.chat;
  const { least, most, step } = LIMITS[choice];
  const problem = wrong(choice, sampling[choice], trans);
  return (
    <div>
      <label htmlFor={id}>{nameOf(choice, trans)}</label>
      <input
        id={id}
        type="number"
        className="jp-mod-styled"
        min={least}
        max={most}
        step={step}
        value={sampling[choice]}
        placeholder={trans.__('engine’s own')}
        aria-invalid={problem !== ''}
        aria-describedby={problem === '' ? undefined : `${id}-problem`}
        onChange={({ target }) => {
          model.set({ sampling: { ...sampling, [choice]: target.value } });
        }}
      />
      {problem !== '' && (
        <div id={`${id}-problem`} role="status">
          <span aria-hidden="true">! </span>
          {problem}
        </div>
      )}
    </div>
  );
}

function nameOf(choice: Choice, trans: TranslationBundle): string {
  const names: Record<Choice, string> = {
    temperature: trans.__('Temperature'),
    top_p: trans.__('Top p'),
    max_tokens: trans.__('Most tokens'),
    seed: trans.__('Seed')
  };
  return names[choice];
}
