import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { ComparisonModel } from './model';
import { ComparisonView } from './view';

type Arguments = IPanelArguments['comparison'];

/** The panel that compares jobs. */
export class ComparisonPanel extends ComparisonView implements IPanelContent<Arguments> {
  constructor(
    workbench: IWorkbench,
    readonly args: Arguments
  ) {
    const model = new ComparisonModel(workbench, args.jobs);
    super(model);
    this.title.label = workbench.trans.__('Comparison');
    this.title.icon = modelOpsIcon;
    this.disposed.connect(() => {
      model.dispose();
    });
  }
}
