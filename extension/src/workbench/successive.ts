import type { VDomModel } from '@jupyterlab/ui-components';
import type { ReadonlyJSONObject } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { PanelLayout, Widget } from '@lumino/widgets';

import { modelOpsIcon } from '../icons';
import type { IPanelContent } from '../tokens';

/** A panel that shows one thing after the other in the same tab, such as what a form has started in its place. */
export abstract class SuccessivePanel<A extends ReadonlyJSONObject>
  extends Widget
  implements IPanelContent<A>
{
  constructor(args: A) {
    super();
    this.addClass('jp-ModelOps-Run');
    this.title.icon = modelOpsIcon;
    this.layout = new PanelLayout();
    this._args = args;
  }

  get args(): A {
    return this._args;
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  /** Show what `args` name, in place of what is shown now. */
  become(args: A): void {
    this.remember(args);
    this.fill();
  }

  /** The view of what the arguments name. */
  protected abstract view(): Widget;

  /** Show the view; for the end of a constructor, when there is what the view takes. */
  protected fill(): void {
    const layout = this.layout as PanelLayout;
    for (const old of [...layout.widgets]) {
      old.dispose();
    }
    layout.addWidget(this.view());
  }

  /** Let `args` outlive a reload, without showing anything else. */
  protected remember(args: A): void {
    this._args = args;
    this._argsChanged.emit();
  }

  /** Let the tab say what the view says. */
  protected titled<V extends Widget>(view: V, model: VDomModel & { readonly title: string }): V {
    const update = (): void => {
      this.title.label = model.title;
    };
    update();
    model.stateChanged.connect(update);
    view.disposed.connect(() => {
      model.dispose();
    });
    return view;
  }

  private _args: A;
  private readonly _argsChanged = new Signal<this, void>(this);
}
