import { HTMLSelect } from '@jupyterlab/ui-components';
import type { WidgetProps } from '@rjsf/utils';
import * as React from 'react';

import type { JsonValue } from '../api';
import { useSetup } from './context';
import type { SetupModel } from './model';
import { IParameter, SECRET_NAME, shown } from './parameters';
import { Picker } from './picker';

/** What all controls share: the parameter, and what says to a listener what is shown beside it. */
function useParameter(props: WidgetProps): {
  model: SetupModel;
  parameter: IParameter;
  described: { 'aria-describedby': string; 'aria-invalid': boolean };
} {
  const model = useSetup();
  const { id, name } = props;
  const parameter = model.parameters.find(item => item.name === name);
  if (!parameter) {
    throw new Error(`${name} is no parameter of the template.`);
  }
  const invalid = model.fieldProblems.some(problem => problem.name === name);
  const described = {
    'aria-describedby': invalid ? `${id}__problem ${id}__help` : `${id}__help`,
    'aria-invalid': invalid
  };
  return { model, parameter, described };
}

/** What stands in an empty field: what emptiness means, as far as the description says so. */
function emptiness({ help, nullable }: IParameter, none: string): string {
  return nullable ? (/\bempty: (.+)$/.exec(help)?.[1] ?? none) : '';
}

function Text(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  const { trans } = model.workbench;
  const value = (props.value ?? '') as string | number;
  const number = parameter.type !== 'string';
  const secret = parameter.reference === 'secret';
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

/** A list, one item in each line. */
function List(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  const items = React.useMemo(() => (props.value ?? []) as JsonValue[], [props.value]);
  const [text, setText] = React.useState(() => items.map(shown).join('\n'));
  const read = (lines: string): JsonValue[] =>
    lines
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '')
      .map(line => asItem(line, parameter.items));
  // Half-written lines stay as they are; what was changed elsewhere takes their place.
  const written =
    JSON.stringify(read(text)) === JSON.stringify(items) ? text : items.map(shown).join('\n');
  return (
    <textarea
      id={props.id}
      className="jp-mod-styled"
      rows={Math.min(6, Math.max(2, written.split('\n').length))}
      placeholder={
        parameter.nullable
          ? model.workbench.trans.__('none')
          : model.workbench.trans.__('one per line')
      }
      value={written}
      onChange={({ target }) => {
        setText(target.value);
        const list = read(target.value);
        props.onChange(list.length === 0 && parameter.nullable ? null : list);
      }}
      {...described}
    />
  );
}

function asItem(line: string, type: IParameter['items']): JsonValue {
  if (type === 'boolean' && (line === 'true' || line === 'false')) {
    return line === 'true';
  }
  const number = Number(line);
  return type === 'string' || type === 'boolean' || Number.isNaN(number) ? line : number;
}

function Reference(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  return <Picker id={props.id} model={model} parameter={parameter} described={described} />;
}

export const WIDGETS = {
  text: Text,
  TextWidget: Text,
  number: Text,
  checkbox: Checkbox,
  radio: Radio,
  select: Select,
  list: List,
  choices: Choices,
  reference: Reference
};
