import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import { ReadonlyJSONObject, UUID } from '@lumino/coreutils';

import type { IPanelContent, IPanelOptions } from '../tokens';

type Panel<A extends ReadonlyJSONObject> = MainAreaWidget<IPanelContent<A>>;

/** Beside its arguments, what a panel that is restored after a reload is opened with: the id that it had. */
const ID = 'restored';

interface IRestored {
  readonly [ID]?: string;
}

/** The panels of one kind in the main area: each open once for what it shows, and restored with it after a reload. */
export class Panels<A extends ReadonlyJSONObject> {
  /**
   * @param command - The command that opens a panel of this kind.
   */
  constructor(
    private readonly app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    command: string,
    private readonly options: IPanelOptions<A>
  ) {
    this.tracker = new WidgetTracker({ namespace: command.replaceAll(':', '-') });
    if (restorer) {
      void restorer.restore(this.tracker, {
        command,
        args: panel => ({ ...panel.content.args, [ID]: panel.id }),
        // What a panel shows changes, and the saved layout is not told: it knows panels by what never does.
        name: panel => panel.id
      });
    }
  }

  /** Open the panel that shows `args`, or bring it to the front; one that is restored says its id. */
  async open({ [ID]: id, ...rest }: A & IRestored): Promise<Panel<A>> {
    const args = rest as unknown as A;
    const wanted = this.options.key(args);
    const there = this.tracker.find(panel => this.options.key(panel.content.args) === wanted);
    const panel = there ?? (await this.create(args, id ?? `modelops-${UUID.uuid4()}`));
    if (!panel.isAttached) {
      this.app.shell.add(panel, 'main');
    }
    this.app.shell.activateById(panel.id);
    return panel;
  }

  private async create(args: A, id: string): Promise<Panel<A>> {
    const content = await this.options.create(args);
    const panel = new MainAreaWidget({ content });
    panel.id = id;
    panel.title.closable = true;
    panel.toolbar.hide(); // it is empty: what can be done stands beside what it is done to
    content.argsChanged?.connect(() => void this.tracker.save(panel));
    await this.tracker.add(panel);
    return panel;
  }

  private readonly tracker: WidgetTracker<Panel<A>>;
}
