import { VDomModel } from '@jupyterlab/ui-components';
import type { Contents } from '@jupyterlab/services';

import { Api, asProblem, DatasetFormat, Inspection, NewDataset, ProblemError } from '../api';
import { Loaded, Resource } from '../loaded';
import { nameOf } from './addmodel';
import { upload } from './upload';

const PREVIEW_ROWS = 10;

/** A dataset that is to be added: where it is, and what was seen in it. */
export class DatasetDraft extends VDomModel {
  constructor(
    private readonly api: Api,
    private readonly contents: Contents.IManager
  ) {
    super();
  }

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

  /** The share of the file that has been sent; `null` when none is being sent. */
  get sent(): number | null {
    return this._sent;
  }

  /** Why the file could not be sent. */
  get problem(): ProblemError | null {
    return this._problem;
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

  /** Store a file below the server's root, and look at it. */
  async upload(file: File): Promise<void> {
    if (this._sent !== null) {
      return;
    }
    this._problem = null;
    this.tell(0);
    try {
      const path = await upload(this.contents, file, fraction => {
        this.tell(fraction);
      });
      this.path = path;
      this.inspect();
    } catch (error) {
      this._problem = asProblem(error);
    }
    this.tell(null);
  }

  override dispose(): void {
    this.forget();
    super.dispose();
  }

  private tell(sent: number | null): void {
    this._sent = sent;
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private forget(): void {
    this.inspection?.dispose();
    this.inspection = null;
    this.skipBadRows = false;
  }

  private inspection: Resource<Inspection> | null = null;
  private _name: string | null = null;
  private _sent: number | null = null;
  private _problem: ProblemError | null = null;
}
