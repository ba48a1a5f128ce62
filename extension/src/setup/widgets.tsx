import { HTMLSelect } from '@jupyterlab/ui-components';
import type { WidgetProps } from '@rjsf/utils';
import * as React from 'react';

import type { JsonValue } from '../api';
import { Files } from './files';
import { List } from './list';
import { useParameter } from './parameter';
import { IParameter, SECRET_NAME, shown } from './parameters';
import { Picker } from './picker';

/** What stands in an empty field: what emptiness means, as far as the description says so. */
function emptiness({ help, nullable }: IParameter, none: string): string {
  return nullable ? (/\bempty: (.+)$/.exec(help)?.[1] ?? none) : '';
}

function Text(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  const { trans } = model.workbench;
  const value = (props.value ?? '') as string | number;
  const number = parameter.type !== 'string';
  const secret = parameter.names === 'secret';
  return (
    <>
      <input
        id={props.id}
        className="jp-mod-styled"
        type="text"
        inputMode={number ? 'decimal' : 'text'}
        data-number={number}
        autoComplete="off"
        spellCheck={!number && !secret}
        value={value}
        placeholder={secret ? trans.__('HF_TOKEN') : emptiness(parameter, trans.__('none'))}
        onChange={({ target }) => {
          props.onChange(target.value === '' && parameter.nullable ? null : target.value);
        }}
        {...described}
      />
      {secret && value !== '' && !SECRET_NAME.test(String(value)) && (
        <div className="jp-ModelOps-fieldproblem">
          {trans.__(
            'Give the name of an environment variable or a keyring entry, never its value.'
          )}
        </div>
      )}
    </>
  );
}

function Checkbox(props: WidgetProps): React.JSX.Element {
  const { described } = useParameter(props);
  return (
    <input
      id={props.id}
      type="checkbox"
      checked={props.value === true}
      onChange={({ target }) => {
        props.onChange(target.checked);
      }}
      {...described}
    />
  );
}

function Radio(props: WidgetProps): React.JSX.Element {
  const { parameter, described } = useParameter(props);
  return (
    <div
      role="radiogroup"
      className="jp-ModelOps-radios"
      aria-labelledby={`${props.id}__label`}
      {...described}
    >
      {(parameter.choices ?? []).map((choice, index) => (
        <label key={index}>
          <input
            // The label of the whole leads to the first choice.
            id={index === 0 ? props.id : undefined}
            type="radio"
            name={props.id}
            checked={props.value === choice}
            onChange={() => {
              props.onChange(choice);
            }}
          />
          {shown(choice)}
        </label>
      ))}
    </div>
  );
}

function Select(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  const { trans } = model.workbench;
  const choices: JsonValue[] = [...(parameter.choices ?? [true, false])];
  if (parameter.nullable) {
    choices.unshift(null);
  }
  return (
    <HTMLSelect
      id={props.id}
      value={choices.indexOf((props.value ?? null) as JsonValue)}
      onChange={({ target }) => {
        props.onChange(choices[Number(target.value)]);
      }}
      {...described}
    >
      {choices.map((choice, index) => (
        <option key={index} value={index}>
          {choice === null ? trans.__('none') : shown(choice)}
        </option>
      ))}
    </HTMLSelect>
  );
}

/** A list of things to choose from, in the order in which they are offered. */
function Choices(props: WidgetProps): React.JSX.Element {
  const { parameter, described } = useParameter(props);
  const chosen = (props.value ?? []) as JsonValue[];
  const choices = parameter.itemChoices ?? [];
  return (
    <div
      role="group"
      className="jp-ModelOps-radios"
      aria-labelledby={`${props.id}__label`}
      {...described}
    >
      {choices.map((choice, index) => (
        <label key={index}>
          <input
            // The label of the whole leads to the first choice.
            id={index === 0 ? props.id : undefined}
            type="checkbox"
            checked={chosen.includes(choice)}
            onChange={({ target }) => {
              const list = choices.filter(one =>
                one === choice ? target.checked : chosen.includes(one)
              );
              props.onChange(list.length === 0 && parameter.nullable ? null : list);
            }}
          />
          {shown(choice)}
        </label>
      ))}
    </div>
  );
}

function Reference(props: WidgetProps): React.JSX.Element | null {
  const { model, parameter, described } = useParameter(props);
  const { reference } = parameter;
  return (
    reference && (
      <Picker
        id={props.id}
        kind={reference}
        model={model}
        parameter={parameter}
        described={described}
      />
    )
  );
}

export const WIDGETS = {
  text: Text,
  TextWidget: Text,
  number: Text,
  checkbox: Checkbox,
  radio: Radio,
  select: Select,
  list: List,
  files: Files,
  choices: Choices,
  reference: Reference
};
