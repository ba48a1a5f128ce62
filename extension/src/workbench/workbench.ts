import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { Api } from '../api';
import { modelOpsIcon } from '../icons';
import type { IPanelArguments, IPanelOptions, IWorkbench, Preview } from '../tokens';
import { Panels } from './panels';
import { Preferences } from './preferences';

/** The schema of the events by which the server tells that a job's state has changed. */
export const JOB_EVENT = 'https://events.jupyterlab-modelops.org/job/v1';

/** What all panels share: the API, what opens them, and the news of jobs. */
export class Workbench implements IWorkbench {
  constructor(
    private readonly app: JupyterFrontEnd,
    private readonly restorer: ILayoutRestorer | null,
    private readonly palette: ICommandPalette | null,
    readonly trans: TranslationBundle
  ) {
    const { contents, events, serverSettings, connectionFailure } = app.serviceManager;
    this.api = new Api(serverSettings);
    this.contents = contents;
    events.stream.connect((_, event) => {
      if (event.schema_id === JOB_EVENT) {
        this._jobsChanged.emit(typeof event.job === 'string' ? event.job : null);
      }
    });
    // What happened while the server could not be heard is not told again.
    connectionFailure.connect(() => {
      this._jobsChanged.emit(null);
    });
  }

  readonly api: Api;
  readonly contents: Contents.IManager;

  readonly preferences = new Preferences();

  get jobsChanged(): ISignal<IWorkbench, string | null> {
    return this._jobsChanged;
  }

  get previews(): ReadonlyMap<string, Preview> {
    return this._previews;
  }

  addPanel<K extends keyof IPanelArguments>(
    kind: K,
    options: IPanelOptions<IPanelArguments[K]>
  ): void {
    const command = `modelops:open-${kind}`;
    const panels = new Panels(this.app, this.restorer, command, options);
    this.app.commands.addCommand(command, {
      label: options.label,
      icon: modelOpsIcon,
      describedBy: { args: options.schema },
      execute: args => panels.open(args as IPanelArguments[K])
    });
    if (options.palette) {
      this.palette?.addItem({ command, category: this.trans.__('ModelOps') });
    }
  }

  open<K extends keyof IPanelArguments>(kind: K, args: IPanelArguments[K]): void {
    void this.app.commands.execute(`modelops:open-${kind}`, args);
  }

  addPreview(kind: string, preview: Preview): IDisposable {
    this._previews.set(kind, preview);
    return new DisposableDelegate(() => this._previews.delete(kind));
  }

  private readonly _previews = new Map<string, Preview>();
  private readonly _jobsChanged = new Signal<this, string | null>(this);
}
