import { Sampling, UNCHOSEN } from './sampling';
import { IAnswer, isRunning, ITurn } from './turns';

/** A column: the model that answers in it. */
export interface IColumn {
  readonly id: string;
  readonly model: string;
}

/** What is kept of a chat over a reload of the page. */
export interface IKept {
  readonly columns: readonly IColumn[];
  readonly turns: readonly ITurn[];
  /** How many turns before these were too much to be kept. */
  readonly dropped: number;
  readonly system: string;
  readonly sampling: Sampling;
  readonly draft: string;
  readonly plain: boolean;
}

const PREFIX = 'jupyterlab-modelops:chat:1:';

/** Characters that are kept of one chat; browsers give about five million to all of a site. */
const MOST = 400_000;

/** How many chats are kept. */
const CHATS = 8;

/** Keeps chats in the browser, each under what it is opened with. */
export class Keeper {
  /** @param place - What tells this server from others at the same address. */
  constructor(
    private readonly place: string,
    private readonly storage: Storage = window.localStorage
  ) {}

  /** What is kept of a chat; `null` when there is nothing, or nothing that can be read. */
  load(name: string): IKept | null {
    try {
      const text = this.storage.getItem(this.key(name));
      const kept = text === null ? null : (JSON.parse(text) as IKept);
      return kept && { ...kept, turns: kept.turns.map(ended) };
    } catch {
      return null;
    }
  }

  /** Keep a chat, without its oldest turns where it is too long; whether the browser took it. */
  save(name: string, kept: IKept): boolean {
    try {
      this.storage.setItem(this.key(name), bounded(kept));
      this.forgetOldest();
      return true;
    } catch {
      return false; // full, or forbidden by the browser's settings
    }
  }

  forget(name: string): void {
    try {
      this.storage.removeItem(this.key(name));
    } catch {
      // Where nothing may be stored, nothing is.
    }
  }

  private key(name: string): string {
    return `${PREFIX}${this.place} ${name}`;
  }

  private forgetOldest(): void {
    const chats = Object.keys(this.storage)
      .filter(key => key.startsWith(PREFIX))
      .map(key => ({ key, time: timeOf(this.storage.getItem(key)) }))
      .sort((one, other) => other.time - one.time);
    for (const { key } of chats.slice(CHATS)) {
      this.storage.removeItem(key);
    }
  }
}

function timeOf(text: string | null): number {
  const found = /^\{"time":(\d+)/.exec(text ?? '');
  return Number(found?.[1] ?? 0);
}

function bounded(kept: IKept): string {
  const sizes = kept.turns.map(turn => JSON.stringify(turn).length);
  let size = sizes.reduce((sum, one) => sum + one, 0);
  let first = 0;
  while (size > MOST && first < sizes.length) {
    size -= sizes[first] ?? 0;
    first += 1;
  }
  const rest = {
    ...kept,
    turns: kept.turns.slice(first),
    dropped: kept.dropped + first,
    system: kept.system.slice(0, MOST / 4),
    draft: kept.draft.slice(0, MOST / 4)
  };
  return JSON.stringify({ time: Date.now(), ...rest });
}

/** A turn whose answers no longer come: the page that heard them is gone. */
function ended(turn: ITurn): ITurn {
  const answers = Object.entries(turn.answers).map(([column, given]) => [
    column,
    given.map((answer): IAnswer => (isRunning(answer) ? { ...answer, state: 'stopped' } : answer))
  ]);
  return { ...turn, answers: Object.fromEntries(answers) as ITurn['answers'] };
}

/** A chat with nothing said. */
export function blank(columns: readonly IColumn[]): IKept {
  return {
    columns,
    turns: [],
    dropped: 0,
    system: '',
    sampling: UNCHOSEN,
    draft: '',
    plain: false
  };
}
