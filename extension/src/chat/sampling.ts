import type { TranslationBundle } from '@jupyterlab/translation';

/** What can be chosen of how a model picks its next token, by its name in OpenAI's API. */
export const CHOICES = ['temperature', 'top_p', 'max_tokens', 'seed'] as const;

export type Choice = (typeof CHOICES)[number];

/** As it was typed; what is empty is left to the engine. */
export type Sampling = Readonly<Record<Choice, string>>;

export const UNCHOSEN: Sampling = { temperature: '', top_p: '', max_tokens: '', seed: '' };

interface ILimits {
  readonly least: number;
  readonly most: number;
  readonly step: number | 'any';
}

export const LIMITS: Readonly<Record<Choice, ILimits>> = {
  temperature: { least: 0, most: 5, step: 0.1 },
  top_p: { least: 0, most: 1, step: 0.05 },
  max_tokens: { least: 1, most: 1_000_000, step: 1 },
  seed: { least: 0, most: 2 ** 32 - 1, step: 1 }
};

/** What is wrong with a choice as it was typed; empty when nothing is. */
export function wrong(choice: Choice, typed: string, trans: TranslationBundle): string {
  if (typed.trim() === '') {
    return '';
  }
  const { least, most, step } = LIMITS[choice];
  const value = Number(typed);
  if (!Number.isFinite(value) || value < least || value > most) {
    return trans.__('A number from %1 to %2', least, most);
  }
  return step === 1 && !Number.isInteger(value) ? trans.__('A whole number') : '';
}

/** The choices as a request takes them. */
export function chosen(sampling: Sampling): Partial<Record<Choice, number>> {
  const typed = CHOICES.filter(choice => sampling[choice].trim() !== '');
  return Object.fromEntries(typed.map(choice => [choice, Number(sampling[choice])]));
}
