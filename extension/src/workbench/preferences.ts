import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { JSONObject } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';

/** What `schema/workbench.json` lets a user choose; it says what each is for. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- interfaces have no index signature
export type PreferenceValues = {
  defaultTemplate: string;
  refreshSeconds: number;
  notifications: boolean;
  previews: { dataset: boolean; lengths: boolean; batch: boolean };
  /** Parameters by the title of the preset, by the name of the template. */
  presets: Record<string, Record<string, JSONObject>>;
};

/** As in the schema; for where there are no settings, and until they have been read. */
export const DEFAULTS: PreferenceValues = {
  defaultTemplate: 'sft',
  refreshSeconds: 10,
  notifications: true,
  previews: { dataset: true, lengths: true, batch: true },
  presets: {}
};

/** What the user has chosen in JupyterLab's settings, as it is now. */
export class Preferences {
  /** Emitted when `values` have changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get values(): Readonly<PreferenceValues> {
    return this._values;
  }

  /** Take the user's choices from `settings`, now and whenever they change. */
  follow(settings: ISettingRegistry.ISettings): void {
    this.settings = settings;
    const read = (): void => {
      const given = settings.composite as Partial<PreferenceValues>;
      const previews = { ...DEFAULTS.previews, ...given.previews };
      this._values = { ...DEFAULTS, ...given, previews };
      this._changed.emit();
    };
    settings.changed.connect(read);
    read();
  }

  /** Choose for the user; without settings it is forgotten with the page. */
  async set<K extends keyof PreferenceValues>(name: K, value: PreferenceValues[K]): Promise<void> {
    this._values = { ...this._values, [name]: value };
    this._changed.emit();
    await this.settings?.set(name, value);
  }

  private settings: ISettingRegistry.ISettings | null = null;
  private _values = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}
