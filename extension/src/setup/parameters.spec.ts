import { nullTranslator } from '@jupyterlab/translation';

import type { Values } from '../api';
import { VALIDATOR } from './model';
import {
  changesFrom,
  defaultsOf,
  formControls,
  formSchema,
  parametersOf,
  problemsOf,
  sentenceOf
} from './parameters';
import { TEMPLATE } from './testing';

const parameters = parametersOf(TEMPLATE);
const trans = nullTranslator.load('jupyterlab_modelops');

function problems(values: Values): Record<string, string> {
  const { errors } = VALIDATOR.validateFormData(values, formSchema(parameters));
  const found = problemsOf(errors, trans);
  return Object.fromEntries(found.map(({ message, name }) => [name, message]));
}

const GOOD = { ...defaultsOf(parameters), title: 'x' };

describe('parametersOf', () => {
  it('reads type, group, choices, reference and what may be left out', () => {
    const of = Object.fromEntries(parameters.map(parameter => [parameter.name, parameter]));
    expect(of.base_model).toMatchObject({ reference: 'model', group: null, default: 'tiny' });
    expect(of.title).toMatchObject({
      required: true,
      default: undefined,
      help: 'What it is called'
    });
    expect(of.method).toMatchObject({ choices: ['lora', 'full'] });
    expect(of.rank).toMatchObject({ group: 'LoRA', constraints: { minimum: 1, maximum: 64 } });
    expect(of.steps).toMatchObject({
      type: 'integer',
      nullable: true,
      constraints: { minimum: 1 }
    });
    expect(of.layers).toMatchObject({ type: 'array', items: 'string' });
  });
});

const TYPES = {
  title: 'Types',
  type: 'array',
  items: { enum: ['f16', 'q8_0', 'q4_k_m'], type: 'string' },
  minItems: 1,
  default: ['q8_0']
};

describe('a list of choices', () => {
  const listed = parametersOf({
    ...TEMPLATE,
    schema: { ...TEMPLATE.schema, required: [], properties: { types: TYPES } }
  });

  it('is chosen from, and holds nothing else', () => {
    expect(listed[0]).toMatchObject({ itemChoices: ['f16', 'q8_0', 'q4_k_m'] });
    const controls = formControls(listed) as Record<string, Record<string, string>>;
    expect(controls.types?.['ui:widget']).toBe('choices');
    const { errors } = VALIDATOR.validateFormData({ types: ['q9'] }, formSchema(listed));
    expect(problemsOf(errors, trans)).toHaveLength(1);
  });
});

describe('formControls', () => {
  it('gives each type its control', () => {
    const controls = formControls(parameters) as Record<string, Record<string, string>>;
    const widgets = Object.entries(controls).map(([name, options]) => [name, options['ui:widget']]);
    expect(Object.fromEntries(widgets)).toEqual({
      base_model: 'reference',
      title: 'text',
      method: 'radio',
      token: 'text',
      rank: 'number',
      steps: 'number',
      layers: 'list',
      papers: 'files'
    });
  });
});

describe('the form’s validation', () => {
  it('takes the defaults', () => {
    expect(problems(GOOD)).toEqual({});
  });

  it.each([
    [{ rank: 0 }, { rank: 'must be at least 1' }],
    [{ rank: 65 }, { rank: 'must be at most 64' }],
    [{ rank: 1.5 }, { rank: 'must be a whole number' }],
    [{ rank: '1e' }, { rank: 'must be a whole number' }],
    [{ steps: 0 }, { steps: 'must be at least 1' }],
    [{ method: 'other' }, { method: 'must be one of the choices' }],
    [{ layers: [] }, { layers: 'must have at least one item' }],
    [{ title: '' }, { title: 'must not be empty' }]
  ])('says what is wrong with %j', (values, expected) => {
    expect(problems({ ...GOOD, ...values })).toEqual(expected);
  });

  it('says what is missing', () => {
    expect(problems(defaultsOf(parameters))).toEqual({ title: 'is required' });
  });

  it('takes nothing where a value may be left out', () => {
    expect(problems({ ...GOOD, steps: null })).toEqual({});
  });
});

test('only what differs is a change', () => {
  expect(
    changesFrom(defaultsOf(parameters), { ...GOOD, rank: 16, layers: ['all'], steps: 3 })
  ).toEqual({
    title: 'x',
    steps: 3
  });
});

test('a problem goes on after the name, or is a sentence of its own', () => {
  const problem = { name: 'rank', code: 'x' };
  expect(sentenceOf('Rank', { ...problem, message: 'must be at least 1' })).toBe(
    'Rank must be at least 1.'
  );
  expect(sentenceOf('Rank', { ...problem, message: 'There is none.' })).toBe('There is none.');
});
