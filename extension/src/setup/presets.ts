import type { Template, Values } from '../api';
import { same } from './parameters';

/** Values that go together, under the title of what they are for. */
export interface IPreset {
  readonly title: string;
  readonly values: Values;
  /** Whether the user has saved it, and not the template brought it. */
  readonly own: boolean;
}

/** Presets that a user has saved, by template and title. */
export type SavedPresets = Readonly<Record<string, Readonly<Record<string, Values>>>>;

/** The presets of a template: those that it brings, then the user's own. */
export function presetsOf(template: Template, saved: SavedPresets): readonly IPreset[] {
  const named = (presets: Readonly<Record<string, Values>>, own: boolean): IPreset[] =>
    Object.entries(presets).map(([title, values]) => ({ title, values, own }));
  return [...named(template.presets, false), ...named(saved[template.name] ?? {}, true)];
}

/**
 * The values with a preset applied. What another preset may have changed is as the template has it; what no preset speaks
 * of, such as the dataset, stays.
 */
export function applied(
  preset: IPreset,
  presets: readonly IPreset[],
  values: Values,
  defaults: Values
): Values {
  const result = { ...values };
  for (const name of spokenOf(presets)) {
    const value = preset.values[name] ?? defaults[name];
    if (value !== undefined) {
      result[name] = value;
    }
  }
  return { ...result, ...preset.values };
}

/** The preset that the values are of; `null` when they are of none. */
export function current(
  presets: readonly IPreset[],
  values: Values,
  defaults: Values
): IPreset | null {
  const names = spokenOf(presets);
  const matches = ({ values: wanted }: IPreset): boolean =>
    names.every(name => same(values[name], name in wanted ? wanted[name] : defaults[name]));
  return presets.find(matches) ?? null;
}

function spokenOf(presets: readonly IPreset[]): readonly string[] {
  return [...new Set(presets.flatMap(preset => Object.keys(preset.values)))];
}
