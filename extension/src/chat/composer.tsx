import * as React from 'react';

import { Prompt } from '../components/prompt';
import { Question } from '../components/question';
import { AddColumn } from './heads';
import type { ChatModel } from './model';
import { Save } from './save';
import { Settings } from './settings';

/** Where the prompt is written, and everything that concerns all columns. */
export function Composer(props: {
  model: ChatModel;
  open: (path: string) => void;
}): React.JSX.Element {
  const { model, open } = props;
  const { chat, editing, kept, running, sendable, workbench } = model;
  const { trans } = workbench;
  return (
    <form
      className="jp-ModelOps-composer"
      onSubmit={event => {
        event.preventDefault();
        void model.send();
      }}
    >
      <div className="jp-ModelOps-promptline">
        <Prompt
          label={editing ? trans.__('The last prompt, changed') : trans.__('Prompt')}
          value={chat.draft}
          placeholder={trans.__('Ask something. Enter sends, Shift+Enter begins a new line.')}
          rows={Math.min(8, Math.max(2, chat.draft.split('\n').length))}
          wanted={editing}
          onChange={draft => {
            model.set({ draft });
          }}
          onSend={() => void model.send()}
          onEscape={() => {
            if (editing) {
              model.leave();
            }
          }}
        />
        {running ? (
          <button
            type="button"
            className="jp-mod-styled jp-mod-warn"
            onClick={() => {
              model.stop();
            }}
          >
            {trans.__('Stop')}
          </button>
        ) : (
          <button className="jp-mod-styled jp-mod-accept" disabled={!sendable}>
            {editing ? trans.__('Send again') : trans.__('Send')}
          </button>
        )}
      </div>
      {editing && (
        <div className="jp-ModelOps-hint">
          {trans.__('It takes the place of the last prompt and its answers.')}{' '}
          <button
            type="button"
            className="jp-ModelOps-link"
            onClick={() => {
              model.leave();
            }}
          >
            {trans.__('Leave them as they are')}
          </button>
        </div>
      )}
      {!kept && (
        <div className="jp-ModelOps-hint" role="status">
          <span aria-hidden="true">! </span>
          {trans.__('The browser cannot keep this chat: it is lost when the page is reloaded.')}
        </div>
      )}
      <div className="jp-ModelOps-tools">
        <Settings model={model} />
        <Save model={model} open={open} />
        <AddColumn model={model} />
        <label>
          <input
            type="checkbox"
            checked={chat.plain}
            onChange={({ target }) => {
              model.set({ plain: target.checked });
            }}
          />{' '}
          {trans.__('Plain text')}
        </label>
        <Clear model={model} />
      </div>
    </form>
  );
}

/** Forgets the conversation, after a question in place. */
function Clear(props: { model: ChatModel }): React.JSX.Element | null {
  const { model } = props;
  const { trans } = model.workbench;
  if (!model.last) {
    return null;
  }
  return (
    <Question
      quiet
      button={trans.__('Clear…')}
      question={trans.__('Clear the chat?')}
      yes={trans.__('Clear the chat')}
      no={trans.__('Keep it')}
      onYes={() => {
        model.clear();
      }}
    />
  );
}
