/** Lines of a log that belong together; a block that is full never changes again. */
export interface IBlock {
  readonly number: number;
  readonly lines: readonly string[];
}

const LINES = 100;
const BLOCKS = 30;
/** What is longer than that in one line is left out: a screen has no use for it. */
const LONGEST = 2000;

// eslint-disable-next-line no-control-regex -- escape codes begin with one
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

/** The last few thousand lines of a log, in blocks, so that a view renders anew only what has changed. */
export class LogTail {
  /** The blocks in order; the lines of the last one may still change. */
  get blocks(): readonly IBlock[] {
    return this._blocks;
  }

  /** Whether earlier lines are not kept. */
  get cut(): boolean {
    return (this._blocks[0]?.number ?? 0) > 0;
  }

  get text(): string {
    return this._blocks.flatMap(block => block.lines).join('\n');
  }

  /** Append a piece of the log, which may begin and end within a line. */
  append(piece: string): void {
    const lines = (this.open + piece).split('\n');
    // Only the end of a flood will be seen.
    const surplus = Math.max(0, lines.length - LINES * BLOCKS);
    this.open = (lines.at(-1) ?? '').slice(-LONGEST * 2);
    const last = this._blocks.at(-1);
    let number = last?.number ?? 0;
    let block = last ? last.lines.slice(0, -1) : [];
    const blocks = this._blocks.slice(0, -1);
    if (surplus > 0) {
      blocks.length = 0;
      number += 1;
      block = [];
    }
    for (const line of lines.slice(surplus)) {
      if (block.length === LINES) {
        blocks.push({ number, lines: block });
        number += 1;
        block = [];
      }
      block.push(shown(line));
    }
    blocks.push({ number, lines: block });
    this._blocks = blocks.slice(-BLOCKS);
  }

  /** The line that has not ended, as it came. */
  private open = '';
  private _blocks: readonly IBlock[] = [];
}

/** A line as a terminal would leave it: without escape codes, and after the last return to its beginning. */
function shown(line: string): string {
  const plain = line.replace(ESCAPES, '').replace(/\r+$/, '');
  const text = plain.slice(plain.lastIndexOf('\r') + 1);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
