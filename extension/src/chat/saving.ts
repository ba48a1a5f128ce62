import { VDomModel } from '@jupyterlab/ui-components';

import { asProblem, ProblemError } from '../api';
import { Adding } from '../setup/adding';
import { freePath } from '../setup/upload';
import type { ChatModel } from './model';
import { notebookOf } from './notebook';
import { chatRows, IChatRow, IPreferenceRow, IRows, lines, preferenceRows } from './rows';

/** What was saved, and where it lies below the server's root. */
export interface ISaved {
  readonly what: 'notebook' | 'dataset' | 'preferences';
  readonly path: string;
}

/** Saves a chat: as a notebook, as rows of a dataset, as preferences. */
export class Saving extends VDomModel {
  constructor(private readonly model: ChatModel) {
    super();
    this.adding = new Adding(model.workbench.api);
    for (const changed of [this.adding, model]) {
      changed.stateChanged.connect(this.tell);
    }
  }

  /** The dataset that is being added, once its file is there. */
  readonly adding: Adding;

  /** What the dataset is called; its files, too. */
  get name(): string {
    return this._name;
  }

  get saved(): ISaved | null {
    return this._saved;
  }

  get problem(): ProblemError | null {
    return this._problem;
  }

  get busy(): boolean {
    return this._busy || this.adding.busy;
  }

  get chats(): IRows<IChatRow> {
    return chatRows(this.model.chat.turns, this.columns);
  }

  get preferences(): IRows<IPreferenceRow> {
    return preferenceRows(this.model.chat.turns, this.columns);
  }

  call(name: string): void {
    this._name = name;
    this.tell();
  }

  /** Save what was said as a notebook; its path. */
  async notebook(): Promise<string | null> {
    const { chat, workbench } = this.model;
    return this.save('notebook', async () => {
      const path = await freePath(workbench.contents, 'chat.ipynb');
      const content = notebookOf(chat.turns, chat.columns, workbench.trans);
      await workbench.contents.save(path, { type: 'notebook', format: 'json', content });
      return path;
    });
  }

  /** Save a chat per column as a file, and add it as a dataset. */
  async dataset(): Promise<void> {
    const { name } = this;
    const path = await this.save('dataset', () => this.file(`${name}.jsonl`, this.chats.rows));
    if (path !== null) {
      await this.adding.start(api => api.addDataset({ path, name, format: 'messages' }));
    }
  }

  /** Save pairs of better and worse answers as a file. */
  async ratings(): Promise<void> {
    await this.save('preferences', () =>
      this.file(`${this.name}-preferences.jsonl`, this.preferences.rows)
    );
  }

  override dispose(): void {
    this.model.stateChanged.disconnect(this.tell);
    this.adding.dispose();
    super.dispose();
  }

  private get columns(): string[] {
    return this.model.chat.columns.map(({ id }) => id);
  }

  /** Write rows into a file below the server's root; its path. */
  private async file(name: string, rows: readonly object[]): Promise<string> {
    const { contents } = this.model.workbench;
    const path = await freePath(contents, name);
    await contents.save(path, { type: 'file', format: 'text', content: lines(rows) });
    return path;
  }

  private async save(what: ISaved['what'], write: () => Promise<string>): Promise<string | null> {
    if (this.busy) {
      return null;
    }
    this._busy = true;
    this._problem = null;
    this._saved = null;
    this.tell();
    try {
      this._saved = { what, path: await write() };
    } catch (error) {
      this._problem = asProblem(error);
    }
    this._busy = false;
    this.tell();
    return this._saved?.path ?? null;
  }

  private readonly tell = (): void => {
    this.stateChanged.emit();
  };

  private _name = 'chats';
  private _busy = false;
  private _saved: ISaved | null = null;
  private _problem: ProblemError | null = null;
}
