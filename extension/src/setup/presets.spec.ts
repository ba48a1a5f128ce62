import { defaultsOf, parametersOf } from './parameters';
import { applied, current, IPreset, presetsOf } from './presets';
import { TEMPLATE } from './testing';

const defaults = { ...defaultsOf(parametersOf(TEMPLATE)), title: 'mine' };
const presets = presetsOf(TEMPLATE, { tune: { Own: { rank: 2 } }, other: { No: {} } });

function preset(title: string): IPreset {
  const found = presets.find(item => item.title === title);
  if (!found) {
    throw new Error(`There is no preset ${title}.`);
  }
  return found;
}

test('the template’s presets come first, then the user’s own', () => {
  expect(presets.map(({ own, title }) => [title, own])).toEqual([
    ['Quick', false],
    ['Usual', false],
    ['Long', false],
    ['Own', true]
  ]);
});

test('a preset takes back what another one has changed', () => {
  const quick = applied(preset('Quick'), presets, defaults, defaults);
  const long = applied(preset('Long'), presets, quick, defaults);
  expect(quick).toMatchObject({ steps: 5, rank: 16 });
  expect(long).toMatchObject({ steps: null, rank: 32 });
});

test('a preset leaves alone what no preset speaks of', () => {
  const values = { ...defaults, title: 'other', base_model: 'big' };
  expect(applied(preset('Long'), presets, values, defaults)).toMatchObject({
    title: 'other',
    base_model: 'big'
  });
});

test('the values tell which preset they are of', () => {
  expect(current(presets, defaults, defaults)?.title).toBe('Usual');
  expect(current(presets, { ...defaults, steps: 5 }, defaults)?.title).toBe('Quick');
  expect(current(presets, { ...defaults, steps: 6 }, defaults)).toBeNull();
});
