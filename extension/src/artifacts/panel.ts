import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { UUID } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelContent, IWorkbench } from '../tokens';
import { Checks } from './checks';
import { kindIcon } from './kinds';
import { ListingModel } from './listing';
import { ListingView } from './listing-view';
import { ArtifactModel } from './model';
import { offlineRegistry } from './offline';
import { Steps } from './steps';
import { ArtifactView } from './view';

/** The list of all artifacts as a panel. */
export class ListingPanel extends Widget implements IPanelContent<IPanelArguments['artifacts']> {
  constructor(workbench: IWorkbench, args: IPanelArguments['artifacts']) {
    super();
    this.model = new ListingModel(workbench, args.kind);
    this.addClass('jp-ModelOps-Panel');
    this.title.icon = modelOpsIcon;
    this.title.label = workbench.trans.__('Artifacts');
    const layout = (this.layout = new PanelLayout());
    layout.addWidget(new ListingView(this.model));
  }

  get args(): IPanelArguments['artifacts'] {
    return this.model.args;
  }

  get argsChanged(): ISignal<unknown, void> {
    return this.model.argsChanged;
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  protected override onActivateRequest(): void {
    // When it is not drawn yet, it takes the focus by itself.
    this.node.querySelector('input')?.focus();
  }

  protected override onAfterShow(): void {
    // What a job makes is heard of; what is added by the command line is not.
    void this.model.refresh();
  }

  private readonly model: ListingModel;
}

/** What the panels of single artifacts share. */
export class Shelf {
  constructor(
    readonly workbench: IWorkbench,
    rendermime: IRenderMimeRegistry
  ) {
    this.checks = new Checks(workbench.api);
    this.steps = new Steps(workbench.api);
    this.rendermime = offlineRegistry(rendermime);
  }

  readonly checks: Checks;
  readonly steps: Steps;
  /** Shows what strangers wrote: nothing in it is active, and nothing is loaded from elsewhere. */
  readonly rendermime: IRenderMimeRegistry;
}

/** One artifact as a panel. */
export class ArtifactPanel extends Widget implements IPanelContent<IPanelArguments['artifact']> {
  constructor(shelf: Shelf, args: IPanelArguments['artifact']) {
    super();
    this.model = new ArtifactModel(shelf.workbench, shelf.checks, shelf.steps, args);
    this.addClass('jp-ModelOps-Panel');
    const layout = (this.layout = new PanelLayout());
    const view = new ArtifactView(this.model, shelf.rendermime);
    view.id = `modelops-artifact-${UUID.uuid4()}`;
    layout.addWidget(view);
    this.model.stateChanged.connect(() => {
      this.name();
    }, this);
    this.name();
  }

  get args(): IPanelArguments['artifact'] {
    return this.model.args;
  }

  get argsChanged(): ISignal<unknown, void> {
    return this.model.argsChanged;
  }

  override dispose(): void {
    this.model.dispose();
    super.dispose();
  }

  private name(): void {
    const { detail, ref } = this.model;
    this.title.label = detail.kind === 'ready' ? detail.value.ref : ref;
    this.title.icon = detail.kind === 'ready' ? kindIcon(detail.value.kind) : modelOpsIcon;
  }

  private readonly model: ArtifactModel;
}
