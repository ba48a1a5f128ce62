import { VDomModel } from '@jupyterlab/ui-components';
import type { Contents } from '@jupyterlab/services';

import type { Api, DatasetFormat, Inspection, NewDataset } from '../api';
import { Loaded, Resource } from '../loaded';
import { nameOf } from './addmodel';
import { IPicked, Uploads } from './upload';

const PREVIEW_ROWS = 10;

/** A dataset that is to be added: where it is, and what was seen in it. */
export class DatasetDraft extends VDomModel {
  constructor(
    private readonly api: Api,
    contents: Contents.IManager
  ) {
    super();
    this.uploads = new Uploads(contents);
  }

  readonly uploads: Uploads;

  path = '';
  format: DatasetFormat = 'auto';
  skipBadRows = false;

  /** The name that it is to have; proposed until it is given one. */
  get name(): string {
    return this._name ?? nameOf(this.path);
  }

  /** What was seen in it; `null` before it was looked at. */
  get seen(): Loaded<Inspection> | null {
    return this.inspection?.state ?? null;
  }

  /** What would be added; `null` while it cannot be. */
  get dataset(): NewDataset | null {
    const { format, name, path, skipBadRows } = this;
    const seen = this.inspection?.value;
    if (!seen || name === '' || ((seen.bad_row_count ?? 0) > 0 && !skipBadRows)) {
      return null;
    }
    return { path, name, format, skip_bad_rows: skipBadRows };
  }

  /** Change what is asked for; another path or format is looked at anew. */
  set(changes: { path?: string; format?: DatasetFormat; name?: string }): void {
    this.path = changes.path ?? this.path;
    this.format = changes.format ?? this.format;
    this._name = changes.name ?? this._name;
    if (changes.path !== undefined) {
      this.forget();
    } else if (changes.format !== undefined && this.inspection) {
      this.inspect();
    }
    this.stateChanged.emit();
  }

  skip(bad: boolean): void {
    this.skipBadRows = bad;
    this.stateChanged.emit();
  }

  /** Look at what is at the path. */
  inspect(): void {
    this.forget();
    const { format, path } = this;
    const inspection = new Resource(() =>
      this.api.inspectDataset({ path, format, rows: PREVIEW_ROWS })
    );
    inspection.stateChanged.connect(() => {
      this.stateChanged.emit();
    });
    this.inspection = inspection;
    void inspection.refresh();
    this.stateChanged.emit();
  }

  /** Store the first of these files below the server's root, and look at it. */
  async upload(picked: readonly IPicked[]): Promise<void> {
    const [path] = await this.uploads.send(picked.slice(0, 1));
    if (path !== undefined && !this.isDisposed) {
      this.set({ path });
      this.inspect();
    }
  }

  override dispose(): void {
    this.forget();
    this.uploads.dispose();
    super.dispose();
  }

  private forget(): void {
    this.inspection?.dispose();
    this.inspection = null;
    this.skipBadRows = false;
  }

  private inspection: Resource<Inspection> | null = null;
  private _name: string | null = null;
}
