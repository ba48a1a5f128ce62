import type { ISignal } from '@lumino/signaling';

import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { AskModel } from './model';
import { AskView } from './view';

type Arguments = IPanelArguments['ask'];

/** The panel in which an index is searched, asked and read. */
export class AskPanel extends AskView implements IPanelContent<Arguments> {
  constructor(workbench: IWorkbench, args: Arguments) {
    const model = new AskModel(workbench, args);
    super(model);
    this.title.icon = modelOpsIcon;
    const name = (): void => {
      this.title.label = model.ref ?? workbench.trans.__('Ask your documents');
    };
    name();
    model.argsChanged.connect(name);
    void model.load();
  }

  get args(): Arguments {
    return this.model.args;
  }

  get argsChanged(): ISignal<unknown, void> {
    return this.model.argsChanged;
  }

  override dispose(): void {
    const { model } = this;
    super.dispose();
    model.dispose();
  }

  protected override onActivateRequest(): void {
    this.node.querySelector('textarea')?.focus();
  }
}
