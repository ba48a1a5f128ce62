import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { ArtifactComparisonModel } from './model';
import { ArtifactComparisonView } from './view';

type Arguments = IPanelArguments['artifact-comparison'];

/** The panel that compares artifacts. */
export class ArtifactComparisonPanel
  extends ArtifactComparisonView
  implements IPanelContent<Arguments>
{
  constructor(
    workbench: IWorkbench,
    readonly args: Arguments
  ) {
    const model = new ArtifactComparisonModel(workbench, args.artifacts);
    super(model);
    this.addClass('jp-ModelOps-Panel');
    this.title.label = workbench.trans.__('Comparison');
    this.title.icon = modelOpsIcon;
    this.disposed.connect(() => {
      model.dispose();
    });
  }
}
