import { VDomModel } from '@jupyterlab/ui-components';

import { asProblem, IndexedDocument } from '../api';
import type { Loaded } from '../loaded';

/** A part of a document's text, in characters (code points). */
export interface IPlace {
  readonly start: number;
  readonly end: number;
}

/** The document that is open, and the passage in it that is looked at. */
export class Reading extends VDomModel {
  constructor(private readonly fetch: (source: string) => Promise<IndexedDocument>) {
    super();
  }

  /** Its name; `null` where none is open. */
  source: string | null = null;
  /** The passage, and the sentence in it that is meant, as far as one is. */
  passage: IPlace | null = null;
  sentence: IPlace | null = null;
  state: Loaded<IndexedDocument> = { kind: 'loading' };

  /** Open a document at a passage, by default its first chunk. */
  async open(
    source: string,
    passage: IPlace | null,
    sentence: IPlace | null = null
  ): Promise<void> {
    const known = this.source === source && this.state.kind === 'ready';
    this.source = source;
    this.passage = passage;
    this.sentence = sentence;
    if (!known) {
      this.state = { kind: 'loading' };
      this.stateChanged.emit();
      let state: Loaded<IndexedDocument>;
      try {
        state = { kind: 'ready', value: await this.fetch(source) };
      } catch (error) {
        state = { kind: 'failed', problem: asProblem(error) };
      }
      if (this.source !== source || this.isDisposed) {
        return; // another was opened meanwhile
      }
      this.state = state;
    }
    this.passage ??= this.chunk(0);
    this.stateChanged.emit();
  }

  close(): void {
    this.source = this.passage = this.sentence = null;
    this.stateChanged.emit();
  }

  /** The number of the chunk that is looked at, from 0; -1 where it is none of this document's. */
  get number(): number {
    const { passage } = this;
    return this.chunks.findIndex(([start, end]) => start === passage?.start && end === passage.end);
  }

  get chunks(): readonly (readonly [number, number])[] {
    return this.state.kind === 'ready' ? this.state.value.chunks : [];
  }

  /** Look at the chunk that is so many behind the one that is looked at. */
  move(by: number): void {
    const next = this.chunk(this.number + by);
    if (next) {
      this.passage = next;
      this.sentence = null;
      this.stateChanged.emit();
    }
  }

  private chunk(number: number): IPlace | null {
    const found = this.chunks[number];
    return found ? { start: found[0], end: found[1] } : null;
  }
}
