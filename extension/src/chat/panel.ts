import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Poll } from '@lumino/polling';
import type { ISignal } from '@lumino/signaling';

import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { ChatModel } from './model';
import { safe } from './safe';
import { ChatView } from './view';

type Arguments = IPanelArguments['chat'];

/** The panel in which one talks to models. */
export class ChatPanel extends ChatView implements IPanelContent<Arguments> {
  constructor(
    workbench: IWorkbench,
    commands: JupyterFrontEnd['commands'],
    rendermime: IRenderMimeRegistry,
    args: Arguments
  ) {
    const model = new ChatModel(workbench, args);
    super(model, safe(rendermime), path => void commands.execute('docmanager:open', { path }));
    this.title.icon = modelOpsIcon;
    const name = (): void => {
      this.title.label =
        [...new Set(model.args.endpoints)].join(', ') || workbench.trans.__('Chat');
    };
    name();
    model.argsChanged.connect(name);
    // Endpoints come and go; the server does not tell of it.
    this.poll = new Poll({
      factory: () => model.models.refresh(),
      frequency: { interval: workbench.preferences.values.refreshSeconds * 1000, backoff: true },
      standby: () => (this.isVisible ? 'when-hidden' : true)
    });
  }

  get args(): Arguments {
    return this.model.args;
  }

  get argsChanged(): ISignal<unknown, void> {
    return this.model.argsChanged;
  }

  override dispose(): void {
    this.poll.dispose();
    const { model } = this;
    super.dispose();
    model.dispose();
  }

  protected override onActivateRequest(): void {
    this.node.querySelector('textarea')?.focus();
  }

  protected override onAfterShow(): void {
    void this.poll.refresh();
  }

  private readonly poll: Poll;
}
