import { VDomModel } from '@jupyterlab/ui-components';
import { UUID } from '@lumino/coreutils';
import { Throttler } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { asProblem, ProblemError } from '../api';
import { Resource } from '../loaded';
import type { IPanelArguments, IWorkbench } from '../tokens';
import { blank, IColumn, IKept, Keeper } from './keeping';
import { IPiece, IServed, OpenAI } from './openai';
import { CHOICES, chosen, wrong } from './sampling';
import { answerOf, conversation, IAnswer, IFailure, isRunning, ITurn, Vote } from './turns';

/** How many models can answer side by side. */
export const MOST_COLUMNS = 4;

/** Milliseconds between two looks at answers that come in. */
const LOOK = 100;

/** Milliseconds between two times that answers that come in are kept. */
const KEEP = 1000;

/** Characters of an answer that are read aloud. */
const SPOKEN = 300;

type Arguments = IPanelArguments['chat'];

/** A chat: one to four columns that answer the same prompts, each in the conversation that it has had. */
export class ChatModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    args: Arguments,
    private readonly keeper = new Keeper(workbench.api.connection.settings.baseUrl),
    look = LOOK
  ) {
    super();
    const names = (args.endpoints ?? []).slice(0, MOST_COLUMNS);
    this._chat = keeper.load(nameOf(names)) ?? blank(names.map(column));
    this.looks = new Throttler(
      () => {
        this.stateChanged.emit();
      },
      { limit: look, edge: 'trailing' }
    );
    this.server = new OpenAI(workbench.api.connection.settings);
    this.models = new Resource(() => this.server.models());
    this.models.stateChanged.connect(() => {
      this.stateChanged.emit();
    });
  }

  /** The models that are ready. */
  readonly models: Resource<readonly IServed[]>;

  get chat(): IKept {
    return this._chat;
  }

  get args(): Arguments {
    return { endpoints: this._chat.columns.map(({ model }) => model) };
  }

  /** Emitted when other models answer. */
  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  /** The last turn, which can be changed; `null` when there is none. */
  get last(): ITurn | null {
    return this._chat.turns.at(-1) ?? null;
  }

  /** Whether the last prompt is changed, and not a new one written. */
  get editing(): boolean {
    return this._editing;
  }

  get running(): boolean {
    return this.requests.size > 0;
  }

  /** What a screen reader is to say: that an answer has ended, and its beginning. */
  get announcement(): string {
    return this._announcement;
  }

  /** Whether the browser keeps the chat over a reload. */
  get kept(): boolean {
    return this._kept;
  }

  /** Whether the prompt can be sent now. */
  get sendable(): boolean {
    const { columns, draft, sampling } = this._chat;
    const { trans } = this.workbench;
    return (
      !this.running &&
      columns.length > 0 &&
      draft.trim() !== '' &&
      CHOICES.every(choice => wrong(choice, sampling[choice], trans) === '')
    );
  }

  /** What is known of a model; `null` while it is not ready. */
  served(model: string): IServed | null {
    return this.models.value?.find(({ id }) => id === model) ?? null;
  }

  set(change: Partial<Pick<IKept, 'draft' | 'plain' | 'sampling' | 'system'>>): void {
    this.change(change);
  }

  add(model: string): void {
    if (this._chat.columns.length < MOST_COLUMNS) {
      this.setColumns([...this._chat.columns, column(model)]);
    }
  }

  remove(id: string): void {
    this.stop(id);
    this.setColumns(this._chat.columns.filter(one => one.id !== id));
  }

  /** Let another model go on in a column. */
  choose(id: string, model: string): void {
    this.stop(id);
    this.setColumns(this._chat.columns.map(one => (one.id === id ? { id, model } : one)));
  }

  /** Send the prompt to all columns: as a new turn, or in place of the last one while it is edited. */
  async send(): Promise<void> {
    if (!this.sendable) {
      return;
    }
    const { columns, draft, turns } = this._chat;
    const before = this._editing ? turns.slice(0, -1) : turns;
    const turn: ITurn = { id: (turns.at(-1)?.id ?? 0) + 1, prompt: draft, answers: {} };
    this._editing = false;
    this.change({ turns: [...before, turn], draft: '' });
    await Promise.all(columns.map(one => this.ask(turn.id, one)));
  }

  /** Ask a column once more for its answer to the last prompt; an answer that was rated stays to be compared. */
  async regenerate(id: string): Promise<void> {
    const { last } = this;
    const asked = this._chat.columns.find(one => one.id === id);
    if (last && asked && !this.requests.has(id)) {
      await this.ask(last.id, asked);
    }
  }

  /** Stop the answer of one column, or all of them; what has come stays. */
  stop(id?: string): void {
    for (const [running, request] of this.requests) {
      if (id === undefined || running === id) {
        request.abort();
      }
    }
  }

  /** Take the last prompt back into the box, to be changed and sent again. */
  edit(): void {
    if (this.last && !this.running) {
      this._editing = true;
      this.change({ draft: this.last.prompt });
    }
  }

  leave(): void {
    this._editing = false;
    this.change({ draft: '' });
  }

  /** Forget all that was said. */
  clear(): void {
    this.stop();
    this._editing = false;
    this._announcement = '';
    this.change({ turns: [], dropped: 0 });
  }

  /** Rate the answer of a column; the same rating again takes it back. */
  vote(turn: number, id: string, vote: Vote): void {
    this.amend(turn, id, answer => ({ ...answer, vote: answer.vote === vote ? null : vote }));
    this.keep();
    this.stateChanged.emit();
  }

  override dispose(): void {
    this.stop();
    this.keep();
    this.looks.dispose();
    this.models.dispose();
    super.dispose();
  }

  private async ask(turn: number, { id, model }: IColumn): Promise<void> {
    const request = new AbortController();
    this.requests.set(id, request);
    const index = this._chat.turns.findIndex(one => one.id === turn);
    const { sampling, system } = this._chat;
    const settings = chosen(sampling);
    const messages = conversation(
      system,
      this._chat.turns.slice(0, index),
      id,
      this._chat.turns[index]?.prompt ?? ''
    );
    this.begin(turn, id, {
      model: this.served(model) ?? { id: model, ref: '', digest: '', engine: '' },
      system,
      sampling: settings,
      state: 'waiting',
      text: '',
      reasoning: '',
      finish: null,
      tokens: null,
      tokensPerSecond: null,
      first: null,
      failure: null,
      vote: null
    });
    const began = performance.now();
    try {
      await this.server.chat({ model, messages, ...settings }, request.signal, piece => {
        const seconds = (performance.now() - began) / 1000;
        this.amend(turn, id, answer => grown(answer, piece, seconds));
        this.look();
      });
      const state = request.signal.aborted ? 'stopped' : 'done';
      const seconds = (performance.now() - began) / 1000;
      this.amend(turn, id, answer => ({ ...paced(answer, seconds), state }));
    } catch (error) {
      const failure = request.signal.aborted ? null : failureOf(asProblem(error));
      const state = failure ? 'failed' : 'stopped';
      this.amend(turn, id, answer => ({ ...answer, state, failure }));
      this.models.renew();
    } finally {
      if (this.requests.get(id) === request) {
        this.requests.delete(id);
      }
      this.announce(turn, id);
      this.keep();
      if (!this.isDisposed) {
        this.stateChanged.emit();
      }
    }
  }

  /** Put an answer that is asked for in place of the one that was there. */
  private begin(turn: number, id: string, answer: IAnswer): void {
    const turns = this._chat.turns.map(one => {
      if (one.id !== turn) {
        return one;
      }
      const rated = (one.answers[id] ?? []).filter(({ vote }) => vote !== null);
      return { ...one, answers: { ...one.answers, [id]: [...rated, answer] } };
    });
    this.change({ turns });
  }

  /** Change the answer of a column that counts. */
  private amend(turn: number, id: string, change: (answer: IAnswer) => IAnswer): void {
    const turns = this._chat.turns.map(one => {
      const answer = one.id === turn ? answerOf(one, id) : null;
      const others = one.answers[id]?.slice(0, -1) ?? [];
      return answer
        ? { ...one, answers: { ...one.answers, [id]: [...others, change(answer)] } }
        : one;
    });
    this._chat = { ...this._chat, turns };
  }

  private announce(turn: number, id: string): void {
    const found = this._chat.turns.find(one => one.id === turn);
    const answer = found ? answerOf(found, id) : null;
    // What went wrong is told where it stands.
    if (answer && !answer.failure && !isRunning(answer)) {
      const beginning = answer.text.slice(0, SPOKEN);
      this._announcement = this.workbench.trans.__('%1: %2', answer.model.id, beginning);
    }
  }

  private setColumns(columns: readonly IColumn[]): void {
    this.keeper.forget(this.name);
    this.change({ columns });
    this._argsChanged.emit();
  }

  private change(change: Partial<IKept>): void {
    this._chat = { ...this._chat, ...change };
    this.keep();
    this.stateChanged.emit();
  }

  /** Something came in: show it soon, once for all that comes meanwhile. */
  private look(): void {
    // It rejects when it is disposed of while it waits.
    this.looks.invoke().catch(() => undefined);
    if (performance.now() - this.keptAt > KEEP) {
      this.keep();
    }
  }

  private keep(): void {
    this.keptAt = performance.now();
    this._kept = this.keeper.save(this.name, this._chat);
  }

  private get name(): string {
    return nameOf(this.args.endpoints ?? []);
  }

  private _chat: IKept;
  private _editing = false;
  private _announcement = '';
  private _kept = true;
  private keptAt = 0;
  private readonly server: OpenAI;
  private readonly looks: Throttler;
  private readonly requests = new Map<string, AbortController>();
  private readonly _argsChanged = new Signal<this, void>(this);
}

function nameOf(models: readonly string[]): string {
  return models.join(' ');
}

function column(model: string): IColumn {
  return { id: UUID.uuid4().slice(0, 8), model };
}

/** An answer with one more piece of it. */
function grown(answer: IAnswer, piece: IPiece, seconds: number): IAnswer {
  const spoke = piece.text !== '' || piece.reasoning !== '';
  return {
    ...answer,
    state: spoke ? 'streaming' : answer.state,
    text: answer.text + piece.text,
    reasoning: answer.reasoning + piece.reasoning,
    finish: piece.finish ?? answer.finish,
    tokens: piece.tokens ?? answer.tokens,
    tokensPerSecond: piece.tokensPerSecond ?? answer.tokensPerSecond,
    first: answer.first ?? (spoke ? seconds : null)
  };
}

/** An answer with its speed, where the engine does not say it. */
function paced(answer: IAnswer, seconds: number): IAnswer {
  const { first, tokens, tokensPerSecond } = answer;
  if (tokensPerSecond !== null || tokens === null || tokens < 2 || first === null) {
    return answer;
  }
  return { ...answer, tokensPerSecond: (tokens - 1) / Math.max(0.001, seconds - first) };
}

function failureOf({ body, code, message, status }: ProblemError): IFailure {
  const after = typeof body.retry_after === 'number' ? body.retry_after : 0;
  return { code, message, status, again: after > 0 ? Date.now() + after * 1000 : 0 };
}
