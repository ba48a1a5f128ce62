import { VDomModel } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';

import { AskEvent, asProblem, Hit, IAnswerChecks, ICitation, ProblemError } from '../api';
import { OpenAI } from '../chat/openai';
import { Resource } from '../loaded';
import type { IPanelArguments, IWorkbench } from '../tokens';
import { Reading } from './reading';

type Arguments = IPanelArguments['ask'];

export type Method = 'hybrid' | 'dense' | 'bm25';

/** What has come of a question so far. */
export interface IOutcome {
  readonly question: string;
  /** Whether an answer is asked for, and not only passages. */
  readonly answered: boolean;
  /** What is waited for, in words; empty once there is something to see. */
  readonly progress: string;
  readonly hits: readonly Hit[] | null;
  /** Those that the model was given, the first of which it calls 1. */
  readonly passages: readonly Hit[];
  readonly text: string;
  readonly citations: readonly ICitation[];
  readonly checks: IAnswerChecks | null;
  /** The endpoint that answered; `null` where no model was asked, or not yet. */
  readonly model: string | null;
  readonly problem: ProblemError | null;
}

/** One index: what is asked of it, what comes of that, and the document that is open. */
export class AskModel extends VDomModel {
  constructor(
    readonly workbench: IWorkbench,
    args: Arguments
  ) {
    super();
    this._args = args;
    const { api } = workbench;
    this.indexes = new Resource(async () => (await api.artifacts({ kind: 'index' })).artifacts);
    this.content = new Resource(() => api.indexes.documents(this.ref ?? ''));
    const openai = new OpenAI(api.connection.settings);
    this.models = new Resource(async () =>
      (await openai.models()).filter(({ engine }) => engine !== RETRIEVAL).map(({ id }) => id)
    );
    this.reading = new Reading(source => api.indexes.document(this.ref ?? '', source));
    for (const part of [this.indexes, this.content, this.models, this.reading]) {
      part.stateChanged.connect(this.emit);
    }
  }

  /** The indexes that can be chosen. */
  readonly indexes;
  /** What the chosen index holds. */
  readonly content;
  /** The models that could answer now. */
  readonly models;
  /** The document that is open. */
  readonly reading: Reading;

  question = '';
  method: Method = 'hybrid';
  /** Who is to answer; `null` leaves it to the server, which takes the only one that there is. */
  answerer: string | null = null;

  get args(): Arguments {
    return this._args;
  }

  get argsChanged(): ISignal<this, void> {
    return this._argsChanged;
  }

  get ref(): string | null {
    return this._args.ref ?? null;
  }

  get outcome(): IOutcome | null {
    return this._outcome;
  }

  get busy(): boolean {
    return this.running !== null;
  }

  /** Ask for what there is to choose, or for what the chosen index holds. */
  load(): Promise<void> {
    void this.models.refresh();
    return this.ref === null ? this.indexes.refresh() : this.content.refresh();
  }

  choose(ref: string): void {
    this._args = { ref };
    this._argsChanged.emit();
    this.emit();
    void this.load();
  }

  set(change: Partial<Pick<AskModel, 'question' | 'method' | 'answerer'>>): void {
    Object.assign(this, change);
    this.emit();
  }

  /** Find passages, and ask a model for an answer from them where `answered`; ends what is on its way. */
  async ask(answered: boolean): Promise<void> {
    const { method, ref, workbench } = this;
    const question = this.question.trim();
    if (ref === null || question === '') {
      return;
    }
    this.stop();
    const running = (this.running = new AbortController());
    this.reading.close();
    this._outcome = {
      ...NOTHING,
      question,
      answered,
      progress: workbench.trans.__('Searching…')
    };
    this.emit();
    const { indexes } = workbench.api;
    const settings = { method, top_k: answered ? ASKED : SEARCHED };
    const { signal } = running;
    try {
      if (answered) {
        await indexes.ask(ref, question, settings, this.answerer, signal, event => {
          this.take(event);
        });
      } else {
        const hits = await indexes.search(ref, question, settings, signal);
        this.change({ hits, progress: '' });
      }
    } catch (error) {
      if (!signal.aborted) {
        this.change({ problem: asProblem(error), progress: '' });
      }
    } finally {
      if (this.running === running) {
        this.running = null;
        this.change({ progress: '' });
      }
    }
  }

  /** End what is on its way; what has come stays. */
  stop(): void {
    this.running?.abort();
    this.running = null;
    this.change({ progress: '' });
    this.emit();
  }

  override dispose(): void {
    this.running?.abort();
    this.running = null;
    for (const part of [this.indexes, this.content, this.models, this.reading]) {
      part.dispose();
    }
    super.dispose();
  }

  private take(event: AskEvent): void {
    const outcome = this._outcome ?? NOTHING;
    const { trans } = this.workbench;
    switch (event.kind) {
      case 'progress':
        this.change({ progress: event.text });
        break;
      case 'hits':
        this.change({
          hits: event.hits,
          passages: event.passages,
          progress: trans.__('Waiting for the first word…')
        });
        break;
      case 'delta':
        this.change({ text: outcome.text + event.text, progress: '' });
        break;
      case 'citation':
        this.change({ citations: [...outcome.citations, event] });
        break;
      case 'answer': {
        const { checks, citations, model, text } = event;
        this.change({ checks, citations, model, text, progress: '' });
      }
    }
  }

  private change(change: Partial<IOutcome>): void {
    if (this._outcome && !this.isDisposed) {
      this._outcome = { ...this._outcome, ...change };
      this.emit();
    }
  }

  private readonly emit = (): void => {
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  };

  private _args: Arguments;
  private readonly _argsChanged = new Signal<this, void>(this);
  private _outcome: IOutcome | null = null;
  private running: AbortController | null = null;
}

/** The engine that searches indexes: what it serves is no model of its own. */
const RETRIEVAL = 'retrieval';

/** Passages that are looked for when a model is to answer, and when a person is to look. */
const ASKED = 5;
const SEARCHED = 10;

const NOTHING: IOutcome = {
  question: '',
  answered: false,
  progress: '',
  hits: null,
  passages: [],
  text: '',
  citations: [],
  checks: null,
  model: null,
  problem: null
};
