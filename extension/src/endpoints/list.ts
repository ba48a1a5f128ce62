import { VDomModel } from '@jupyterlab/ui-components';

import { Actions } from '../actions';
import type { EndpointsFeed } from './feed';

/** All endpoints, and what somebody asks of one in the list. */
export class EndpointsModel extends VDomModel {
  constructor(readonly feed: EndpointsFeed) {
    super();
    feed.stateChanged.connect(this.changed);
  }

  readonly actions = new Actions(() => {
    this.changed();
  });

  stop(name: string): Promise<void> {
    return this.perform(api => api.stop(name));
  }

  restart(name: string): Promise<void> {
    return this.perform(api => api.restart(name));
  }

  override dispose(): void {
    this.feed.stateChanged.disconnect(this.changed);
    super.dispose();
  }

  private perform(
    what: (api: EndpointsFeed['workbench']['api']['endpoints']) => Promise<unknown>
  ): Promise<void> {
    return this.actions.perform(async () => {
      await what(this.feed.workbench.api.endpoints);
      await this.feed.refresh();
    });
  }

  private readonly changed = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };
}
