import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ISignal, Signal } from '@lumino/signaling';

/** What `schema/workbench.json` lets a user choose; it says what each is for. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions -- interfaces have no index signature
export type PreferenceValues = {
  defaultTemplate: string;
  refreshSeconds: number;
  notifications: boolean;
  previews: { dataset: boolean; lengths: boolean; batch: boolean };
};

/** As in the schema; for where there are no settings, and until they have been read. */
export const DEFAULTS: PreferenceValues = {
  defaultTemplate: 'sft',
  refreshSeconds: 10,
  notifications: true,
  previews: { dataset: true, lengths: true, batch: true }
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
    const read = (): void => {
      const given = settings.composite as Partial<PreferenceValues>;
      const previews = { ...DEFAULTS.previews, ...given.previews };
      this._values = { ...DEFAULTS, ...given, previews };
      this._changed.emit();
    };
    settings.changed.connect(read);
    read();
  }

  private _values = DEFAULTS;
  private readonly _changed = new Signal<this, void>(this);
}
