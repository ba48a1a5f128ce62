import type { TranslationBundle } from '@jupyterlab/translation';
import { JSONExt, ReadonlyJSONObject } from '@lumino/coreutils';
import type { RJSFSchema, RJSFValidationError, UiSchema } from '@rjsf/utils';

import type { FieldProblem, JsonValue, Template, Values } from '../api';

/** Up to this many choices are shown side by side. */
const RADIO_CHOICES = 4;

export type ReferenceKind = 'dataset' | 'model' | 'adapter' | 'index';

/** One parameter of a template, as its JSON Schema describes it. */
export interface IParameter {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  /** `null` for the parameters that everybody has to think of. */
  readonly group: string | null;
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'array';
  /** Whether the value may be left out. */
  readonly nullable: boolean;
  readonly choices: readonly JsonValue[] | null;
  /** The type of a list's items. */
  readonly items: 'string' | 'number' | 'integer' | 'boolean' | null;
  /** What a list may hold, where that is a choice. */
  readonly itemChoices: readonly JsonValue[] | null;
  /** The kind of artifact that is named. */
  readonly reference: ReferenceKind | null;
  /** What is named that is no artifact. */
  readonly names: 'name' | 'file' | 'secret' | null;
  readonly required: boolean;
  /** `undefined` where the parameter is required. */
  readonly default: JsonValue | undefined;
  /** The bounds that validation holds the value to. */
  readonly constraints: Readonly<Record<string, JsonValue>>;
}

/** What of a parameter's schema says what it is, and not which values it may have. */
const DESCRIBING = new Set(['title', 'description', 'default', 'x-group']);

type Schema = Readonly<Record<string, JsonValue>>;

/** The parameters of a template, in its order. */
export function parametersOf(template: Template): readonly IParameter[] {
  const properties = template.schema.properties as Record<string, Schema>;
  const required = new Set(template.schema.required as readonly string[]);
  return Object.entries(properties).map(([name, schema]) => {
    const alternatives = (schema.anyOf as Schema[] | undefined) ?? [schema];
    const nullable = alternatives.some(({ type }) => type === 'null');
    const inner = alternatives.find(({ type }) => type !== 'null') ?? {};
    const { 'x-reference': reference, enum: choices, items, type, ...rest } = inner;
    const named = reference ?? schema['x-reference'] ?? null;
    const other = named === 'name' || named === 'file' || named === 'secret' ? named : null;
    const bounds = Object.entries(rest).filter(([key]) => !DESCRIBING.has(key));
    return {
      name,
      title: schema.title as string,
      help: (schema.description as string | undefined) ?? '',
      group: (schema['x-group'] as string | undefined) ?? null,
      type: (type as IParameter['type'] | undefined) ?? typeOf(choices as JsonValue[]),
      nullable,
      choices: (choices as JsonValue[] | undefined) ?? null,
      items: ((items as Schema | undefined)?.type as IParameter['items'] | undefined) ?? null,
      itemChoices: ((items as Schema | undefined)?.enum as JsonValue[] | undefined) ?? null,
      reference: other ? null : (named as ReferenceKind | null),
      names: other,
      required: required.has(name),
      default: schema.default,
      constraints: Object.fromEntries(bounds)
    };
  });
}

/** pydantic leaves out the type of a choice whose values have several. */
function typeOf(choices: readonly JsonValue[]): IParameter['type'] {
  return typeof choices[0] === 'number' ? 'number' : 'string';
}

/** The value of every parameter that has one, as the template has them. */
export function defaultsOf(parameters: readonly IParameter[]): Values {
  const given = parameters.filter(parameter => parameter.default !== undefined);
  return Object.fromEntries(given.map(({ name, default: value }) => [name, value as JsonValue]));
}

/** The values that are not as `base` has them: what a job is submitted with. */
export function changesFrom(base: Values, values: Values): Values {
  const changed = Object.entries(values).filter(([name, value]) => !same(base[name], value));
  return Object.fromEntries(changed);
}

/** Whether two values are the same; `undefined` is a value that is not there. */
export function same(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  return a === undefined || b === undefined ? a === b : JSONExt.deepEqual(a, b);
}

/**
 * The schema of the form. It has no defaults, because what a person has emptied is to stay empty, and what may be left
 * out is a type of its own instead of a choice between two forms.
 */
export function formSchema(parameters: readonly IParameter[]): RJSFSchema {
  return {
    type: 'object',
    required: parameters.filter(({ nullable }) => !nullable).map(({ name }) => name),
    properties: Object.fromEntries(
      parameters.map(parameter => {
        const { choices, constraints, help, itemChoices, items, nullable, title, type } = parameter;
        const schema = {
          ...constraints,
          title,
          description: help,
          type: nullable ? [type, 'null'] : type,
          ...(choices ? { enum: nullable ? [...choices, null] : choices } : {}),
          ...(items ? { items: { type: items, ...(itemChoices && { enum: itemChoices }) } } : {})
        };
        return [parameter.name, schema];
      })
    )
  } as RJSFSchema;
}

/** Which control each parameter has; the title is its name, by which templates find it. */
export function formControls(parameters: readonly IParameter[]): UiSchema<ReadonlyJSONObject> {
  return Object.fromEntries(
    parameters.map(item => [item.name, { 'ui:widget': control(item), 'ui:title': item.name }])
  );
}

function control({ choices, itemChoices, names, nullable, reference, type }: IParameter): string {
  if (reference) {
    return 'reference';
  }
  if (names === 'file' && type === 'array') {
    return 'files';
  }
  if (choices) {
    return choices.length > RADIO_CHOICES || nullable ? 'select' : 'radio';
  }
  switch (type) {
    case 'boolean':
      return nullable ? 'select' : 'checkbox';
    case 'array':
      return itemChoices ? 'choices' : 'list';
    case 'string':
      return 'text';
    default:
      return 'number';
  }
}

/** What is wrong with the values themselves, in the words that the server has for it. */
export function inWords(trans: TranslationBundle): (error: RJSFValidationError) => string {
  const messages: Record<string, (params: Record<string, unknown>) => string> = {
    required: () => trans.__('is required'),
    type: ({ type }) => {
      switch ([type].flat()[0]) {
        case 'integer':
          return trans.__('must be a whole number');
        case 'number':
          return trans.__('must be a number');
        default:
          return trans.__('is of another type');
      }
    },
    minimum: ({ limit }) => trans.__('must be at least %1', String(limit)),
    maximum: ({ limit }) => trans.__('must be at most %1', String(limit)),
    exclusiveMinimum: ({ limit }) => trans.__('must be greater than %1', String(limit)),
    exclusiveMaximum: ({ limit }) => trans.__('must be less than %1', String(limit)),
    multipleOf: ({ multipleOf }) => trans.__('must be a multiple of %1', String(multipleOf)),
    enum: () => trans.__('must be one of the choices'),
    minLength: ({ limit }) =>
      limit === 1
        ? trans.__('must not be empty')
        : trans.__('must have at least %1 characters', String(limit)),
    maxLength: ({ limit }) => trans.__('must have at most %1 characters', String(limit)),
    minItems: ({ limit }) =>
      trans._n('must have at least one item', 'must have at least %1 items', Number(limit)),
    maxItems: ({ limit }) => trans.__('must have at most %1 items', String(limit)),
    pattern: ({ pattern }) => trans.__('must match the pattern %1', String(pattern))
  };
  return ({ message, name, params }) =>
    messages[name ?? '']?.(params as Record<string, unknown>) ?? message ?? '';
}

/** Errors of the schema as problems of fields: one for each field. */
export function problemsOf(
  errors: readonly RJSFValidationError[],
  trans: TranslationBundle
): readonly FieldProblem[] {
  const words = inWords(trans);
  const problems = new Map<string, FieldProblem>();
  for (const error of errors) {
    const missing = (error.params as { missingProperty?: string } | undefined)?.missingProperty;
    const name = missing ?? error.property?.split('.')[1] ?? '';
    if (name && !problems.has(name)) {
      problems.set(name, { name, code: error.name ?? 'invalid', message: words(error) });
    }
  }
  return [...problems.values()];
}

/** What is wrong with a parameter, as a sentence: most go on after the name ("Rank must be …"), some stand alone. */
export function sentenceOf(title: string, { message }: FieldProblem): string {
  const ended = `${message.replace(/\.+$/, '')}.`;
  return /^[\p{Lu}]/u.test(message) ? ended : `${title} ${ended}`;
}

/** One value, or one item of a list, as it is written. */
export function shown(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whether a text could be the value of a parameter that names a secret, and not the secret itself. */
export const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}$/;
