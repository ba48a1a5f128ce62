import type { ArtifactComparison } from '../api';
import { Resource } from '../loaded';
import type { IWorkbench } from '../tokens';

/** Artifacts side by side. */
export class ArtifactComparisonModel extends Resource<ArtifactComparison> {
  constructor(
    readonly workbench: IWorkbench,
    readonly refs: readonly string[]
  ) {
    super(() => workbench.api.compareArtifacts(refs));
    // An evaluation of one of them may have come.
    workbench.jobsChanged.connect(this.changed);
    void this.refresh();
  }

  /** Whether rows are shown in which the artifacts do not differ. */
  get all(): boolean {
    return this._all;
  }

  set all(all: boolean) {
    this._all = all;
    this.stateChanged.emit();
  }

  override dispose(): void {
    this.workbench.jobsChanged.disconnect(this.changed);
    super.dispose();
  }

  private readonly changed = (): void => {
    this.renew();
  };

  private _all = false;
}
