import { HTMLSelect } from '@jupyterlab/ui-components';
import * as React from 'react';

import { count } from '../format';
import type { IColumn } from './keeping';
import { ChatModel, MOST_COLUMNS } from './model';

/** The models that answer, each above its column. */
export function Heads(props: { model: ChatModel }): React.JSX.Element {
  const { columns } = props.model.chat;
  return (
    <div className="jp-ModelOps-heads">
      {columns.map((column, index) => (
        <Head key={column.id} model={props.model} column={column} number={index + 1} />
      ))}
    </div>
  );
}

function Head(props: { model: ChatModel; column: IColumn; number: number }): React.JSX.Element {
  const { column, model, number } = props;
  const { chat, models, workbench } = model;
  const { trans } = workbench;
  const served = model.served(column.model);
  const ready = models.value?.map(({ id }) => id) ?? [];
  return (
    <div className="jp-ModelOps-lane">
      <div className="jp-ModelOps-laneline">
        <HTMLSelect
          aria-label={trans.__('Model of column %1', number)}
          value={column.model}
          onChange={({ target }) => {
            model.choose(column.id, target.value);
          }}
        >
          {!ready.includes(column.model) && <option value={column.model}>{column.model}</option>}
          {ready.map(id => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </HTMLSelect>
        {chat.columns.length > 1 && (
          <button
            type="button"
            className="jp-ModelOps-glyph"
            aria-label={trans.__('Remove column %1', number)}
            title={trans.__('Remove this column')}
            onClick={() => {
              model.remove(column.id);
            }}
          >
            <span aria-hidden="true">×</span>
          </button>
        )}
      </div>
      <div className="jp-ModelOps-hint">
        {served ? (
          <>
            {served.ref} · {served.engine}
            {served.context_length !== null &&
              ` · ${trans.__('%1 tokens of context', count(served.context_length))}`}
          </>
        ) : (
          models.value && (
            <span role="status">
              <span aria-hidden="true">! </span>
              {trans.__('Not ready now: it starts, or was stopped.')}
            </span>
          )
        )}
      </div>
    </div>
  );
}

/** Lets one more model answer; the first that does not yet, or one that does once more. */
export function AddColumn(props: { model: ChatModel }): React.JSX.Element | null {
  const { model } = props;
  const { chat, models, workbench } = model;
  const taken = new Set(chat.columns.map(column => column.model));
  const ready = models.value ?? [];
  const next = ready.find(({ id }) => !taken.has(id)) ?? ready[0];
  return chat.columns.length < MOST_COLUMNS && next ? (
    <button
      type="button"
      className="jp-ModelOps-link"
      title={workbench.trans.__('Let another model answer beside it')}
      onClick={() => {
        model.add(next.id);
      }}
    >
      {workbench.trans.__('Add a column')}
    </button>
  ) : null;
}
