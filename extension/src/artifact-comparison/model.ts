import type { ArtifactComparison } from '../api';
import { SideBySide } from '../sidebyside';
import type { IWorkbench } from '../tokens';

/** Artifacts side by side. */
export class ArtifactComparisonModel extends SideBySide<ArtifactComparison> {
  constructor(
    workbench: IWorkbench,
    readonly refs: readonly string[]
  ) {
    // Any job may have evaluated one of them.
    super(
      workbench,
      () => workbench.api.compareArtifacts(refs),
      () => true
    );
  }
}
