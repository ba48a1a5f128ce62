import { FormComponent } from '@jupyterlab/ui-components';
import type { TranslationBundle } from '@jupyterlab/translation';
import type {
  FieldTemplateProps,
  ObjectFieldTemplatePropertyType,
  ObjectFieldTemplateProps
} from '@rjsf/utils';
import * as React from 'react';

import type { JsonValue, Values } from '../api';
import { SetupProvider, useSetup } from './context';
import type { SetupModel } from './model';
import { VALIDATOR } from './model';
import { formControls, formSchema, IParameter, same, sentenceOf, shown } from './parameters';
import { WIDGETS } from './widgets';

/** The parameters of a template, each with the control that its type asks for. */
export function Form(props: { model: SetupModel }): React.JSX.Element {
  const { model } = props;
  const { parameters } = model;
  const prefix = React.useId();
  const schema = React.useMemo(() => formSchema(parameters), [parameters]);
  const controls = React.useMemo(() => formControls(parameters), [parameters]);
  return (
    <SetupProvider value={model}>
      <FormComponent
        schema={schema}
        uiSchema={controls}
        formData={model.values}
        formContext={{}}
        validator={VALIDATOR}
        tagName="div"
        idPrefix={prefix}
        templates={TEMPLATES}
        widgets={WIDGETS}
        onChange={({ formData }) => {
          model.edit((formData ?? {}) as Values);
        }}
      />
    </SetupProvider>
  );
}

const TEMPLATES = { FieldTemplate: Field, ObjectFieldTemplate: Groups };

/** A parameter with its label, what it means, whether it was changed, and what is wrong with it. */
function Field(props: FieldTemplateProps): React.JSX.Element {
  const model = useSetup();
  const { children, id, label, uiSchema } = props;
  const parameter = model.parameters.find(({ name }) => name === uiSchema?.['ui:title']);
  if (!parameter) {
    return children;
  }
  const { name, help } = parameter;
  const problem = model.fieldProblems.find(field => field.name === name);
  const title = parameter.title || label;
  // The picker says it itself, with what helps.
  const absent = model.inputs[name] === null && problem?.code === 'artifact_not_found';
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label">
        <label id={`${id}__label`} htmlFor={id}>
          {title}
        </label>
        <Changed model={model} parameter={parameter} />
      </div>
      {children}
      {problem && !absent && (
        <div id={`${id}__problem`} className="jp-ModelOps-fieldproblem">
          <span aria-hidden="true">✗ </span>
          {sentenceOf(title, problem)}
        </div>
      )}
      {help && (
        <div id={`${id}__help`} className="jp-ModelOps-help">
          {help}
        </div>
      )}
    </div>
  );
}

/** Says that a value is not the template's, and gives that back. */
function Changed(props: { model: SetupModel; parameter: IParameter }): React.JSX.Element | null {
  const { model, parameter } = props;
  const { name, title } = parameter;
  const { trans } = model.workbench;
  const value = model.values[name];
  const usual = model.defaults[name];
  const before = model.previous?.[name];
  const again = model.previous !== null && !same(value, before);
  if (usual === undefined || (same(value, usual) && !again)) {
    return null;
  }
  return (
    <span className="jp-ModelOps-changed" data-again={again}>
      {again ? trans.__('changed, was %1', written(before, trans)) : trans.__('changed')}{' '}
      {!same(value, usual) && (
        <button
          type="button"
          className="jp-ModelOps-link"
          aria-label={trans.__('Reset %1 to %2', title, written(usual, trans))}
          onClick={() => {
            model.reset(name);
          }}
        >
          {trans.__('reset to %1', written(usual, trans))}
        </button>
      )}
    </span>
  );
}

function written(value: JsonValue | undefined, trans: TranslationBundle): string {
  if (value === null || value === undefined || value === '' || same(value, [])) {
    return trans.__('empty');
  }
  return Array.isArray(value) ? value.map(shown).join(', ') : shown(value);
}

/** The parameters that everybody thinks of, and the others by their groups, folded away. */
function Groups(props: ObjectFieldTemplateProps): React.JSX.Element {
  const model = useSetup();
  const { trans } = model.workbench;
  const groups = new Map<string, ObjectFieldTemplatePropertyType[]>();
  for (const property of props.properties) {
    const group = model.parameters.find(({ name }) => name === property.name)?.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), property]);
  }
  const simple = groups.get('') ?? [];
  groups.delete('');
  const folded = new Set(
    model.parameters.flatMap(({ group, name }) => (group === null ? [] : [name]))
  );
  const changed = Object.keys(model.changes).filter(name => folded.has(name)).length;
  const wrong = model.fieldProblems.some(({ name }) => folded.has(name));
  const [open, setOpen] = React.useState(simple.length === 0);
  return (
    <>
      {simple.map(({ content }) => content)}
      {groups.size > 0 && (
        <details
          className="jp-ModelOps-advanced"
          open={open || wrong}
          onToggle={event => {
            setOpen(event.currentTarget.open);
          }}
        >
          <summary>
            {changed > 0
              ? trans._n('Advanced (%1 changed)', 'Advanced (%1 changed)', changed)
              : trans.__('Advanced')}
          </summary>
          {[...groups].map(([group, properties]) => (
            <fieldset key={group} className="jp-ModelOps-group">
              <legend>{group}</legend>
              {properties.map(({ content }) => content)}
            </fieldset>
          ))}
        </details>
      )}
    </>
  );
}
