import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { Actions } from '../actions';
import type { Artifact, Endpoint, EndpointKey, NewEndpointKey } from '../api';
import type { ICurve } from '../curves/plot';
import { Resource } from '../loaded';
import { LogTail } from '../run/log';
import type { IWorkbench } from '../tokens';
import type { EndpointsFeed } from './feed';
import type { History } from './history';
import { hasEnded } from './states';

/** One endpoint as it runs or ran: what passes through it, its keys, and its log. */
export class EndpointModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    readonly feed: EndpointsFeed,
    readonly name: string
  ) {
    super();
    const { trans, api } = workbench;
    this.keys = new Resource(() => api.endpoints.keys(name));
    this.log = new Resource(() => api.endpoints.log(name));
    this.adapters = new Resource(() => this.fitting());
    this.history = feed.history(name);
    const { running, tokens, waiting } = this.history;
    this.speed = [{ label: trans.__('tokens/s'), series: tokens, sparse: false }];
    this.requests = [
      { label: trans.__('answered now'), series: running, sparse: false },
      { label: trans.__('waiting'), series: waiting, sparse: false }
    ];
    feed.stateChanged.connect(this.renewed);
    for (const part of [this.keys, this.log, this.adapters]) {
      part.stateChanged.connect(this.changed);
    }
    void this.keys.refresh();
    this.lookForAdapters();
    void this.log.refresh();
  }

  readonly keys: Resource<readonly EndpointKey[]>;
  readonly log: Resource<string>;
  /** The adapters that fit what it serves. */
  readonly adapters: Resource<readonly Artifact[]>;
  readonly history: History;
  /** What is drawn of the history; the arrays stay the same. */
  readonly speed: readonly ICurve[];
  readonly requests: readonly ICurve[];
  readonly actions = new Actions(() => {
    this.changed();
  });

  get title(): string {
    return this.name;
  }

  /** The endpoint; `null` while it is not known, or where there is none. */
  get endpoint(): Endpoint | null {
    return this.feed.find(this.name);
  }

  /** What is being asked of it now; another thing must wait. */
  get busy(): string | null {
    return this._busy;
  }

  /** The key that was just made, which nothing shows again. */
  get newKey(): NewEndpointKey | null {
    return this._newKey;
  }

  /** The end of its log; the same object until there is more. */
  get tail(): LogTail {
    const text = this.log.value ?? '';
    if (text !== this.text) {
      this.text = text;
      this._tail = new LogTail();
      this._tail.append(text);
    }
    return this._tail;
  }

  /** Emitted when it was removed. */
  get removed(): ISignal<this, void> {
    return this._removed;
  }

  /** The panel is seen. */
  watch(who: object): void {
    this.seen = true;
    this.feed.watch(who);
  }

  /** The panel is hidden: it asks for nothing. */
  unwatch(who: object): void {
    this.seen = false;
    this.feed.unwatch(who);
  }

  stop(): Promise<void> {
    return this.perform('stop', api => api.stop(this.name));
  }

  restart(): Promise<void> {
    return this.perform('restart', api => api.restart(this.name));
  }

  async remove(): Promise<void> {
    await this.perform('remove', api => api.remove(this.name));
    if (this.actions.refusal === null) {
      this._removed.emit();
    }
  }

  addAdapter(ref: string): Promise<void> {
    return this.perform('adapters', api => api.changeAdapters(this.name, { add: [ref] }));
  }

  removeAdapter(adapter: string): Promise<void> {
    return this.perform('adapters', api => api.changeAdapters(this.name, { remove: [adapter] }));
  }

  createKey(id: string): Promise<void> {
    return this.perform('keys', async api => {
      this._newKey = await api.createKey(this.name, id);
      await this.keys.refresh();
    });
  }

  revokeKey(id: string): Promise<void> {
    return this.perform('keys', async api => {
      await api.revokeKey(this.name, id);
      this._newKey = this._newKey?.id === id ? null : this._newKey;
      await this.keys.refresh();
    });
  }

  override dispose(): void {
    this.feed.stateChanged.disconnect(this.renewed);
    this.keys.dispose();
    this.log.dispose();
    this.adapters.dispose();
    super.dispose();
  }

  /** Ask for them once it is known what is served. */
  private lookForAdapters(): void {
    const model = this.endpoint?.model ?? null;
    if (model !== null && model !== this.fitted) {
      this.fitted = model;
      this.adapters.renew();
    }
  }

  private async fitting(): Promise<readonly Artifact[]> {
    const served = this.endpoint;
    if (served === null) {
      return [];
    }
    const { api } = this.workbench;
    const { adapters } = await api.endpoints.plan({ ref: served.model });
    const { artifacts } = await api.artifacts({ kind: 'adapter', limit: 500 });
    return artifacts.filter(({ ref }) => adapters.includes(ref));
  }

  private async perform(
    what: string,
    ask: (api: IWorkbench['api']['endpoints']) => Promise<unknown>
  ): Promise<void> {
    if (this._busy !== null) {
      return;
    }
    this._busy = what;
    this.changed();
    await this.actions.perform(() => ask(this.workbench.api.endpoints));
    this._busy = null;
    await this.feed.refresh();
    this.changed();
  }

  private readonly changed = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };

  private readonly renewed = (): void => {
    const { endpoint } = this;
    // One that has ended writes nothing after its last word.
    if (endpoint && this.seen && !(hasEnded(endpoint) && endpoint.state === this.logged)) {
      this.logged = endpoint.state;
      this.log.renew();
    }
    this.lookForAdapters();
    this.changed();
  };

  /** The model for which adapters were asked last. */
  private fitted: string | null = null;
  private seen = false;
  /** The state in which the log was asked for last. */
  private logged: string | null = null;
  private text = '';
  private _tail = new LogTail();
  private _busy: string | null = null;
  private _newKey: NewEndpointKey | null = null;
  private readonly _removed = new Signal<this, void>(this);
}
