import { nullTranslator } from '@jupyterlab/translation';

import { fenced, notebookOf } from './notebook';
import { chatRows, lines, preferenceRows } from './rows';
import type { IAnswer, ITurn, Vote } from './turns';

const trans = nullTranslator.load('jupyterlab_modelops');

function answer(text: string, vote: Vote | null = null, more: Partial<IAnswer> = {}): IAnswer {
  return {
    model: { id: 'tiny', ref: 'tiny@1', digest: 'a'.repeat(64), engine: 'llamacpp' },
    system: '',
    sampling: { temperature: 0 },
    state: 'done',
    text,
    reasoning: '',
    finish: 'stop',
    tokens: 7,
    tokensPerSecond: 42,
    first: 0.1,
    failure: null,
    vote,
    ...more
  };
}

/** Turns of columns named a, b …, each with the answers that it has given. */
function turns(...given: IAnswer[][][]): ITurn[] {
  return given.map((columns, index) => ({
    id: index + 1,
    prompt: `p${index + 1}`,
    answers: Object.fromEntries(columns.map((one, place) => ['ab'[place] ?? '', one]))
  }));
}

/** What is said in rows, without who says it. */
function texts(
  found: readonly { readonly messages: readonly { content: string }[] }[]
): string[][] {
  return found.map(({ messages }) => messages.map(({ content }) => content));
}

describe('Rows of a dataset of chats', () => {
  it('are one chat per column, with the system prompt', () => {
    const system = 'Be brief.';
    const said = turns([[answer('A', null, { system })], [answer('B', null, { system })]]);
    expect(chatRows(said, ['a', 'b'])).toEqual({
      rows: ['A', 'B'].map(content => ({
        messages: [
          { role: 'system', content: system },
          { role: 'user', content: 'p1' },
          { role: 'assistant', content }
        ]
      })),
      left: 0
    });
  });

  it('end before an answer that is rated down, and leave out a chat that begins with one', () => {
    const said = turns(
      [[answer('A')], [answer('B', 'down')]],
      [[answer('C', 'down')], [answer('D')]]
    );
    const { left, rows } = chatRows(said, ['a', 'b']);
    expect(texts(rows)).toEqual([['p1', 'A']]);
    expect(left).toBe(3);
  });

  it.each([{ finish: 'length' }, { state: 'stopped' as const }])(
    'end before an answer that is not whole, unless it is rated up: %p',
    more => {
      const cut = (vote: Vote | null): ITurn[] => turns([[answer('A', vote, more)]]);
      expect(chatRows(cut(null), ['a'])).toEqual({ rows: [], left: 1 });
      expect(texts(chatRows(cut('up'), ['a']).rows)).toEqual([['p1', 'A']]);
    }
  );

  it('pass over a prompt that was not answered', () => {
    const failed = answer('', null, { state: 'failed' });
    const said = turns([[failed]], [[answer('B')]]);
    expect(texts(chatRows(said, ['a']).rows)).toEqual([['p2', 'B']]);
  });

  it('are a line of JSON each', () => {
    expect(lines([{ a: '\n' }, { b: 1 }])).toBe('{"a":"\\n"}\n{"b":1}\n');
  });
});

describe('Preferences', () => {
  it('are pairs of answers to the same prompt of which one is rated higher', () => {
    const { left, rows } = preferenceRows(turns([[answer('A', 'up')], [answer('B', 'down')]]), [
      'a',
      'b'
    ]);
    expect(left).toBe(0);
    expect(rows).toEqual([
      {
        prompt: [{ role: 'user', content: 'p1' }],
        chosen: [{ role: 'assistant', content: 'A' }],
        rejected: [{ role: 'assistant', content: 'B' }]
      }
    ]);
  });

  it.each<[Vote | null, Vote | null, string | null]>([
    ['up', null, 'A'],
    [null, 'down', 'A'],
    [null, null, null],
    ['up', 'up', null],
    ['down', null, 'B']
  ])('of an answer rated %p and one rated %p choose %p', (one, other, better) => {
    const { rows } = preferenceRows(turns([[answer('A', one)], [answer('B', other)]]), ['a', 'b']);
    expect(rows.map(({ chosen }) => chosen[0]?.content ?? null)).toEqual(better ? [better] : []);
  });

  it('are made of one column, too, where it was asked again', () => {
    const { rows } = preferenceRows(turns([[answer('A', 'down'), answer('B', 'up')]]), ['a']);
    expect(rows.map(({ chosen }) => chosen[0]?.content)).toEqual(['B']);
  });

  it('are none where something else was said before, and say so', () => {
    const said = turns([[answer('A')], [answer('B')]], [[answer('C', 'up')], [answer('D')]]);
    expect(preferenceRows(said, ['a', 'b'])).toEqual({ rows: [], left: 1 });
  });

  it('are none of answers that say the same, or nothing', () => {
    const empty = answer(' ', 'down');
    expect(preferenceRows(turns([[answer('A', 'up')], [empty]]), ['a', 'b']).rows).toEqual([]);
    const same = turns([[answer('A', 'up')], [answer('A', 'down')]]);
    expect(preferenceRows(same, ['a', 'b']).rows).toEqual([]);
  });
});

describe('A chat as a notebook', () => {
  interface INotebook {
    readonly cells: readonly { readonly cell_type: string; readonly source: string }[];
    readonly metadata: { readonly modelops_chat: unknown };
  }
  const columns = [{ id: 'a', model: 'tiny' }];
  const made = (said: readonly ITurn[]): INotebook => notebookOf(said, columns, trans) as INotebook;

  it('has a cell for each turn, and one that asks the last prompt again', () => {
    const { cells } = made(turns([[answer('A')]], [[answer('B')]]));
    expect(cells.map(({ cell_type }) => cell_type)).toEqual([
      ...Array<string>(5).fill('markdown'),
      'code'
    ]);
    const code = cells.at(-1)?.source ?? '';
    const chats = JSON.parse(/CHATS = (\[[^]*?\n\])/.exec(code)?.[1] ?? '') as unknown;
    expect(chats).toEqual([
      {
        model: 'tiny',
        messages: [
          { role: 'user', content: 'p1' },
          { role: 'assistant', content: 'A' },
          { role: 'user', content: 'p2' }
        ],
        temperature: 0
      }
    ]);
  });

  it('says who answered, by digest, and how it was set', () => {
    expect(made(turns([[answer('A')]])).metadata.modelops_chat).toEqual({
      answered: [
        {
          model: 'tiny',
          ref: 'tiny@1',
          digest: 'a'.repeat(64),
          engine: 'llamacpp',
          system: '',
          settings: { temperature: 0 }
        }
      ]
    });
  });

  it.each([
    '![a](https://elsewhere.test/?said=secret)',
    '```\n![a](//elsewhere.test)\n```',
    '`````'
  ])('keeps what a model wrote as it is, never as Markdown: %p', text => {
    const { cells } = made(turns([[answer(text)]]));
    const found = /\n\n(`{3,})text\n([^]*)\n\1$/.exec(cells[2]?.source ?? '');
    expect(found?.[2]).toBe(text);
    expect(text).not.toContain(found?.[1]);
  });

  it('fences a text with more ticks than it has', () => {
    expect(fenced('a')).toBe('```text\na\n```');
    expect(fenced('````')).toBe('`````text\n````\n`````');
  });
});
