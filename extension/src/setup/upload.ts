import { VDomModel } from '@jupyterlab/ui-components';
import type { Contents } from '@jupyterlab/services';

import { asProblem, ProblemError } from '../api';

/** Bytes that are sent at once, a multiple of 3 so that pieces in base64 fit together. */
const CHUNK = 3 * 1024 * 1024;

/** A file of this computer, and where it lies in what was dropped or chosen: `guide/start.md`, or its name. */
export interface IPicked {
  readonly file: File;
  readonly path: string;
}

/** Files of this computer on their way to below the server's root, one after the other. */
export class Uploads extends VDomModel {
  constructor(private readonly contents: Contents.IManager) {
    super();
  }

  /** The share that has been sent, from 0 to 1; `null` when nothing is being sent. */
  get sent(): number | null {
    return this._sent;
  }

  /** Why something could not be sent. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Say why nothing of what was dropped or chosen could be sent. */
  refuse(error: unknown): void {
    this._problem = asProblem(error);
    this.tell(this._sent);
  }

  /**
   * Store files in a folder, each where it lay or, where that is taken, beside it.
   *
   * @param folder - Made if it is not there; the root if it is empty.
   * @returns The paths of those that arrived; not all of them when this was stopped or failed.
   */
  send(picked: readonly IPicked[], folder = ''): Promise<readonly string[]> {
    // What is dropped while something is being sent waits for its turn.
    const turn = this.turn.then(() => this.sendAll(picked, folder));
    this.turn = turn;
    return turn;
  }

  /** Stop after the piece that is being sent; the file that it belongs to is taken back. */
  stop(): void {
    this.stopped = true;
  }

  private async sendAll(picked: readonly IPicked[], folder: string): Promise<readonly string[]> {
    if (picked.length === 0) {
      return [];
    }
    const going = (): boolean => !this.stopped;
    const total = picked.reduce((sum, { file }) => sum + file.size, 0) || 1;
    const arrived: string[] = [];
    const folders = new Folders(this.contents);
    this._problem = null;
    this.stopped = false;
    this.tell(0);
    try {
      let before = 0;
      for (const { file, path } of picked) {
        if (!going()) {
          break;
        }
        const place = joined(folder, path);
        const above = place.slice(0, -file.name.length).replace(/\/$/, '');
        const goesOn = (fraction: number): boolean => {
          this.tell((before + fraction * file.size) / total);
          return going();
        };
        const free = await folders.free(above, file.name);
        if (!(await upload(this.contents, file, free, goesOn))) {
          break;
        }
        arrived.push(free);
        before += file.size;
      }
    } catch (error) {
      this._problem = asProblem(error);
    }
    this.tell(null);
    return arrived;
  }

  private tell(sent: number | null): void {
    this._sent = sent;
    if (!this.isDisposed) {
      this.stateChanged.emit();
    }
  }

  private turn: Promise<readonly string[]> = Promise.resolve([]);
  private stopped = false;
  private _sent: number | null = null;
  private _problem: ProblemError | null = null;
}

/** A path below the server's root that nothing has yet: `name`, or one beside it. */
export function freePath(contents: Contents.IManager, name: string): Promise<string> {
  return new Folders(contents).free('', name);
}

/** Folders in which files are stored, each looked at once, however many files go into it. */
class Folders {
  constructor(private readonly contents: Contents.IManager) {}

  /**
   * Take a path that nothing has yet: `folder/name`, or one beside it.
   *
   * @param folder - Made if it is not there; the root if it is empty.
   */
  async free(folder: string, name: string): Promise<string> {
    const taken = await this.names(folder);
    const dot = name.includes('.') ? name.lastIndexOf('.') : name.length;
    for (let number = 1; ; number += 1) {
      const free = number === 1 ? name : `${name.slice(0, dot)}-${number}${name.slice(dot)}`;
      if (!taken.has(free)) {
        taken.add(free);
        return joined(folder, free);
      }
    }
  }

  /** The names in a folder, which is there afterwards. */
  private async names(folder: string): Promise<Set<string>> {
    const known = this.known.get(folder);
    if (known) {
      return known;
    }
    const cut = folder.lastIndexOf('/');
    const above = cut === -1 ? '' : folder.slice(0, cut);
    const name = folder.slice(cut + 1);
    const there = folder === '' || (await this.names(above)).has(name);
    let listed: readonly Contents.IModel[] = [];
    if (there) {
      listed = ((await this.contents.get(folder)) as { content: readonly Contents.IModel[] })
        .content;
    } else {
      await this.contents.save(folder, { path: folder, type: 'directory', format: 'json' });
      (await this.names(above)).add(name);
    }
    const names = new Set(listed.map(item => item.name));
    this.known.set(folder, names);
    return names;
  }

  private readonly known = new Map<string, Set<string>>();
}

/**
 * Store a file at a path that nothing has.
 *
 * @param goesOn - Told the share that has been sent; says whether the rest is to be sent, too.
 * @returns Whether it is there; it was taken back if not.
 */
async function upload(
  contents: Contents.IManager,
  file: File,
  path: string,
  goesOn: (fraction: number) => boolean
): Promise<boolean> {
  const chunks = Math.max(1, Math.ceil(file.size / CHUNK));
  try {
    for (let index = 0; index < chunks; index += 1) {
      const piece = file.slice(index * CHUNK, (index + 1) * CHUNK);
      await contents.save(path, {
        name: file.name,
        path,
        type: 'file',
        format: 'base64',
        content: await base64(piece),
        // The server counts pieces from 1, and calls the last one -1.
        ...(chunks > 1 ? { chunk: index === chunks - 1 ? -1 : index + 1 } : {})
      });
      if (!goesOn((index + 1) / chunks) && index < chunks - 1) {
        await contents.delete(path);
        return false;
      }
    }
  } catch (error) {
    // Half of a file would be taken for all of it.
    await contents.delete(path).catch(() => undefined);
    throw error;
  }
  return true;
}

function joined(folder: string, path: string): string {
  return folder === '' ? path : `${folder}/${path}`;
}

async function base64(piece: Blob): Promise<string> {
  const bytes = new Uint8Array(await piece.arrayBuffer());
  let text = '';
  // A function takes only so many arguments.
  for (let start = 0; start < bytes.length; start += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(start, start + 0x8000));
  }
  return btoa(text);
}
