import type { Contents } from '@jupyterlab/services';

import { IPicked, Uploads } from './upload';

/** Contents that keep in memory what is stored. */
class Kept {
  constructor(...taken: string[]) {
    taken.forEach(path => this.files.set(path, ''));
  }

  readonly files = new Map<string, string>();
  readonly folders = new Set(['']);
  pieces = 0;

  get(path: string): Promise<unknown> {
    if (!this.folders.has(path)) {
      return Promise.reject(new Error(`There is no ${path}.`));
    }
    const below = [...this.files.keys(), ...this.folders].filter(
      item => item !== path && above(item) === path
    );
    return Promise.resolve({ content: below.map(item => ({ name: item.split('/').pop() })) });
  }

  save(path: string, options: { type: string; content?: string; chunk?: number }): Promise<void> {
    if (options.type === 'directory') {
      this.folders.add(path);
    } else if (this.folders.has(above(path))) {
      this.pieces += 1;
      const before = (options.chunk ?? 1) === 1 ? '' : (this.files.get(path) ?? '');
      this.files.set(path, before + atob(options.content ?? ''));
    } else {
      return Promise.reject(new Error(`There is no folder of ${path}.`));
    }
    return Promise.resolve();
  }

  delete(path: string): Promise<void> {
    this.files.delete(path);
    return Promise.resolve();
  }
}

function above(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function picked(path: string, content = 'text'): IPicked {
  return { file: new File([content], path.split('/').pop() ?? ''), path };
}

function uploads(kept: Kept): Uploads {
  return new Uploads(kept as unknown as Contents.IManager);
}

describe('Uploads', () => {
  it('stores a file beside one that has its name', async () => {
    const kept = new Kept('chats.jsonl');
    expect(await uploads(kept).send([picked('chats.jsonl', 'new')])).toEqual(['chats-2.jsonl']);
    expect(kept.files.get('chats-2.jsonl')).toBe('new');
    expect(kept.files.get('chats.jsonl')).toBe('');
  });

  it('stores a folder with those below it, as it lay', async () => {
    const kept = new Kept();
    const files = [picked('guide/start.md'), picked('guide/more/end.md'), picked('read.me')];
    expect(await uploads(kept).send(files, 'documents')).toEqual([
      'documents/guide/start.md',
      'documents/guide/more/end.md',
      'documents/read.me'
    ]);
    expect([...kept.folders]).toEqual(
      expect.arrayContaining(['documents', 'documents/guide', 'documents/guide/more'])
    );
  });

  it('sends a large file piece by piece, and says how far it is', async () => {
    const kept = new Kept();
    const sending = uploads(kept);
    const said: (number | null)[] = [];
    sending.stateChanged.connect(() => said.push(sending.sent));
    const content = 'x'.repeat(4 * 1024 * 1024);
    await sending.send([picked('large.txt', content)]);
    expect(kept.pieces).toBe(2);
    expect(kept.files.get('large.txt')).toBe(content);
    expect(said).toEqual([0, 0.5, 1, null]);
  });

  it('takes back the file at which it was stopped, and keeps those before it', async () => {
    const kept = new Kept();
    const sending = uploads(kept);
    sending.stateChanged.connect(() => {
      if ((sending.sent ?? 0) > 0.3) {
        sending.stop();
      }
    });
    const files = [picked('a.txt'), picked('large.txt', 'x'.repeat(7 * 1024 * 1024)), picked('c')];
    expect(await sending.send(files)).toEqual(['a.txt']);
    expect([...kept.files.keys()]).toEqual(['a.txt']);
    expect(sending.sent).toBeNull();
  });

  it('stops between small files, too, and sends what is dropped meanwhile after it', async () => {
    const kept = new Kept();
    const sending = uploads(kept);
    const first = sending.send([picked('a.txt'), picked('b.txt'), picked('c.txt')]);
    const second = sending.send([picked('d.txt')]);
    sending.stateChanged.connect(() => {
      if ((sending.sent ?? 0) > 0.5 && kept.files.size === 2) {
        sending.stop();
      }
    });
    expect(await first).toEqual(['a.txt', 'b.txt']);
    expect(await second).toEqual(['d.txt']);
  });

  it('takes back the file of which a piece could not be stored', async () => {
    const kept = new Kept();
    const save = kept.save.bind(kept);
    kept.save = (path, options) =>
      options.chunk === 2
        ? Promise.reject(new Error('No space left on device'))
        : save(path, options);
    expect(await uploads(kept).send([picked('large', 'x'.repeat(7 * 1024 * 1024))])).toEqual([]);
    expect(kept.files.size).toBe(0);
  });

  it('says why a file could not be stored', async () => {
    const kept = new Kept();
    kept.save = () => Promise.reject(new Error('No space left on device'));
    const sending = uploads(kept);
    expect(await sending.send([picked('a.txt')])).toEqual([]);
    expect(sending.problem?.message).toContain('No space left');
  });
});
