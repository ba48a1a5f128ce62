import { ISignal, Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import type { EndpointsFeed } from './feed';
import { ServeView } from './form';
import { EndpointsModel } from './list';
import { EndpointsView } from './list-view';
import { EndpointModel } from './model';
import { ServeModel } from './serving';
import { EndpointView } from './view';

type Arguments = IPanelArguments['serve'];

/** One endpoint from its form to its end: the endpoint takes the place of the form in the same tab. */
export class ServePanel extends Widget implements IPanelContent<Arguments> {
  constructor(
    private readonly workbench: IWorkbench,
    private readonly feed: EndpointsFeed,
    args: Arguments
  ) {
    super();
    this.addClass('jp-ModelOps-Run');
    this.title.icon = modelOpsIcon;
    this.layout = new PanelLayout();
    this._args = args;
    this.fill();
  }

  get args(): Arguments {
    return this._args;
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  /** Show the form or the endpoint that `args` name, in place of what is shown now. */
  become(args: Arguments): void {
    this._args = args;
    this._argsChanged.emit();
    this.fill();
  }

  private fill(): void {
    const layout = this.layout as PanelLayout;
    for (const old of [...layout.widgets]) {
      old.dispose();
    }
    const { endpoint } = this._args;
    layout.addWidget(endpoint === undefined ? this.form() : this.endpoint(endpoint));
  }

  private form(): Widget {
    const model = new ServeModel(this.workbench, this._args);
    model.changed.connect(() => {
      // What was set up outlives a reload.
      this._args = model.arguments;
      this._argsChanged.emit();
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

  private titled<V extends Widget>(view: V, model: ServeModel | EndpointModel): V {
    this.title.label = model.title;
    view.disposed.connect(() => {
      model.dispose();
    });
    return view;
  }

  private _args: Arguments;
  private readonly _argsChanged = new Signal<this, void>(this);
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
