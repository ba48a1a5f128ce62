import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Signal } from '@lumino/signaling';

import schema from '../../schema/workbench.json';
import { DEFAULTS, Preferences } from './preferences';

/** Settings as the registry hands them out, with what a user has chosen. */
class Chosen {
  readonly changed = new Signal<this, void>(this);
  constructor(public composite: object) {}

  set(name: string, value: unknown): Promise<void> {
    this.composite = { ...this.composite, [name]: value };
    this.changed.emit();
    return Promise.resolve();
  }
}

function follow(chosen: Chosen): Preferences {
  const preferences = new Preferences();
  preferences.follow(chosen as unknown as ISettingRegistry.ISettings);
  return preferences;
}

describe('Preferences', () => {
  it('are the defaults of the schema until settings are read', () => {
    const defaults = Object.entries(schema.properties).map(([name, item]) => [name, item.default]);
    expect(new Preferences().values).toEqual(Object.fromEntries(defaults));
  });

  it('have a title and a description each', () => {
    for (const item of Object.values(schema.properties)) {
      expect(item).toMatchObject({
        title: expect.any(String) as string,
        description: expect.any(String) as string
      });
    }
  });

  it('take what the user has chosen, and the default for the rest', () => {
    const { values } = follow(new Chosen({ refreshSeconds: 60, previews: { batch: false } }));
    expect(values).toEqual({
      ...DEFAULTS,
      refreshSeconds: 60,
      previews: { dataset: true, lengths: true, batch: false }
    });
  });

  it('say when they change', () => {
    const chosen = new Chosen({ notifications: true });
    const preferences = follow(chosen);
    const heard: boolean[] = [];
    preferences.changed.connect(({ values }) => heard.push(values.notifications));
    chosen.composite = { notifications: false };
    chosen.changed.emit();
    expect(heard).toEqual([false]);
  });

  it('are stored in the settings, and known at once', async () => {
    const chosen = new Chosen({});
    const preferences = follow(chosen);
    const presets = { sft: { Quick: { max_steps: 10 } } };
    const stored = preferences.set('presets', presets);
    expect(preferences.values.presets).toEqual(presets);
    await stored;
    expect(chosen.composite).toEqual({ presets });
  });
});
