import { VDomModel, VDomRenderer } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';

/** What is asked for while somebody watches. */
export interface IWatched {
  watch(who: object): void;
  unwatch(who: object): void;
}

/** A view of endpoints, which are asked for while it can be seen. */
export abstract class WatchingView<M extends VDomModel> extends VDomRenderer<M> {
  constructor(
    model: M,
    private readonly watched: IWatched
  ) {
    super(model);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this.watched.watch(this);
    }
  }

  protected override onAfterShow(): void {
    this.watched.watch(this);
  }

  protected override onBeforeHide(): void {
    this.watched.unwatch(this);
  }

  protected override onBeforeDetach(message: Message): void {
    this.watched.unwatch(this);
    super.onBeforeDetach(message);
  }
}
