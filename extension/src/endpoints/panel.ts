import type { Widget } from '@lumino/widgets';

import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { SuccessivePanel } from '../workbench/successive';
import type { EndpointsFeed } from './feed';
import { ServeView } from './form';
import { EndpointsModel } from './list';
import { EndpointsView } from './list-view';
import { EndpointModel } from './model';
import { ServeModel } from './serving';
import { EndpointView } from './view';

type Arguments = IPanelArguments['serve'];

/** One endpoint from its form to its end: the endpoint takes the place of the form in the same tab. */
export class ServePanel extends SuccessivePanel<Arguments> {
  constructor(
    private readonly workbench: IWorkbench,
    private readonly feed: EndpointsFeed,
    args: Arguments
  ) {
    super(args);
    this.fill();
  }

  protected override view(): Widget {
    const { endpoint } = this.args;
    return endpoint === undefined ? this.form() : this.endpoint(endpoint);
  }

  private form(): Widget {
    const model = new ServeModel(this.workbench, this.args);
    model.changed.connect(() => {
      this.remember(model.arguments);
    });
    model.started.connect((_, { name }) => {
      this.feed.renew();
      this.become({ endpoint: name });
    });
    return this.titled(new ServeView(model), model);
  }

  private endpoint(name: string): Widget {
    const model = new EndpointModel(this.workbench, this.feed, name);
    model.removed.connect(() => {
      // The tab has nothing to show any more.
      this.parent?.close();
    });
    return this.titled(new EndpointView(model), model);
  }
}

/** The panel of all endpoints. */
export class EndpointsPanel
  extends EndpointsView
  implements IPanelContent<IPanelArguments['endpoints']>
{
  constructor(feed: EndpointsFeed) {
    const model = new EndpointsModel(feed);
    super(model);
    this.title.label = feed.workbench.trans.__('Endpoints');
    this.title.icon = modelOpsIcon;
    this.disposed.connect(() => {
      model.dispose();
    });
  }

  readonly args: IPanelArguments['endpoints'] = {};
}
