import type { Contents } from '@jupyterlab/services';

import { until } from '../workbench/testing';
import type { ChatModel } from './model';
import { Saving } from './saving';
import { Engine } from './testing';

interface IStored {
  readonly path: string;
  readonly model: Partial<Contents.IModel>;
}

/** Let a chat's files be stored here, where one is already. */
function stored(model: ChatModel): IStored[] {
  const found: IStored[] = [];
  const contents = model.workbench.contents as unknown as Record<string, unknown>;
  contents.get = () => Promise.resolve({ content: [{ name: 'chat.ipynb' }] });
  contents.save = (path: string, saved: Partial<Contents.IModel>) => {
    found.push({ path, model: saved });
    return Promise.resolve({});
  };
  return found;
}

async function said(): Promise<[Engine, ChatModel, IStored[]]> {
  const engine = new Engine();
  const model = await engine.chat('tiny', 'large');
  await engine.exchange(model, 'Hi', 'A', 'B');
  return [engine, model, stored(model)];
}

/** The rows of a file that was stored. */
function rows({ model }: IStored): unknown[] {
  const text = model.content as string;
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as unknown);
}

describe('Saving a chat', () => {
  beforeEach(() => {
    localStorage.clear();
  });

  it('makes a notebook, under a name that is free', async () => {
    const [, model, files] = await said();
    expect(await new Saving(model).notebook()).toBe('chat-2.ipynb');
    expect(files[0]).toMatchObject({ path: 'chat-2.ipynb', model: { type: 'notebook' } });
  });

  it('makes a file of rows, and asks the server to add it as a dataset', async () => {
    const [engine, model, files] = await said();
    const saving = new Saving(model);
    saving.call('talks');
    await saving.dataset();
    expect(files[0]?.path).toBe('talks.jsonl');
    expect(files.map(rows)[0]).toHaveLength(2);
    const asked = engine.workbench.asked.find(({ what }) => what === 'POST datasets');
    expect(asked?.body).toEqual({ path: 'talks.jsonl', name: 'talks', format: 'messages' });
    // This server knows no datasets: what it answers is told.
    await until(() => saving.adding.problem !== null);
    expect(saving.busy).toBe(false);
  });

  it('makes a file of preferences, and no dataset', async () => {
    const [engine, model, files] = await said();
    const [first] = model.chat.columns;
    model.vote(model.last?.id ?? 0, first?.id ?? '', 'up');
    const saving = new Saving(model);
    await saving.ratings();
    expect(saving.saved).toEqual({ what: 'preferences', path: 'chats-preferences.jsonl' });
    expect(files.map(rows)[0]).toMatchObject([
      { chosen: [{ content: 'A' }], rejected: [{ content: 'B' }] }
    ]);
    expect(engine.workbench.asked.some(({ what }) => what === 'POST datasets')).toBe(false);
  });

  it('says why nothing was saved', async () => {
    const [, model] = await said();
    (model.workbench.contents as unknown as Record<string, unknown>).save = () =>
      Promise.reject(new Error('The disk is full.'));
    const saving = new Saving(model);
    expect(await saving.notebook()).toBeNull();
    expect(saving.problem?.message).toContain('The disk is full.');
  });
});
