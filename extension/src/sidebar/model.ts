import { VDomModel } from '@jupyterlab/ui-components';

import type { ArtifactKind } from '../api';
import { KINDS } from '../artifacts/kinds';
import type { EndpointsFeed } from '../endpoints/feed';
import { Resource } from '../loaded';
import type { JobsFeed } from '../jobs/feed';
import type { IWorkbench } from '../tokens';

/** How many artifacts there are of a kind. */
export interface IShelf {
  readonly kind: ArtifactKind;
  readonly count: number;
}

/** What the sidebar shows: the jobs, the endpoints, and how many artifacts there are. */
export class SidebarModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    readonly feed: JobsFeed,
    readonly endpoints: EndpointsFeed
  ) {
    super();
    this.artifacts = new Resource(async () => {
      const { kinds } = await workbench.api.artifacts({ limit: 1 });
      return KINDS.flatMap(kind => {
        const count = kinds[kind] ?? 0;
        return count > 0 ? [{ kind, count }] : [];
      });
    });
    this.artifacts.stateChanged.connect(this.changed);
    feed.stateChanged.connect(this.changed);
    endpoints.stateChanged.connect(this.changed);
    workbench.jobsChanged.connect(this.recount);
    void this.artifacts.refresh();
  }

  readonly artifacts: Resource<readonly IShelf[]>;

  override dispose(): void {
    this.feed.stateChanged.disconnect(this.changed);
    this.endpoints.stateChanged.disconnect(this.changed);
    this.workbench.jobsChanged.disconnect(this.recount);
    this.artifacts.dispose();
    super.dispose();
  }

  private readonly recount = (): void => {
    this.artifacts.renew();
  };

  private readonly changed = (): void => {
    this.stateChanged.emit();
  };
}
