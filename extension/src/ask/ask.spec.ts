import {
  Answers,
  answering,
  button,
  EventStream,
  Refusal,
  shown,
  TestWorkbench,
  until
} from '../workbench/testing';
import { AskModel } from './model';
import { AskView } from './view';

const TEXT = '🎉 Cats sleep most of the day. A cat finds its way.';

function hit(source: string, start: number, end: number): object {
  const text = Array.from(TEXT).slice(start, end).join('');
  const steps = { dense: { score: 0.812345, rank: 1 }, fusion: { score: 0.03, rank: 1 } };
  const about = {
    title: '',
    media_type: 'text/plain',
    page: 2,
    page_starts: [],
    headings: ['Pets']
  };
  return { ...about, source, start, end, text, score: 0.03, steps };
}

const CATS = hit('cats.md', 2, 30);
const CHUNKS = [
  [2, 30],
  [30, 49]
];
const DOCUMENTS = {
  documents: [
    { source: 'cats.md', title: 'Cats', media_type: 'text/plain', characters: 50, chunks: 2 }
  ],
  skipped: [{ source: 'scan.pdf', code: 'no_text', reason: 'It has no text layer.' }]
};
const CHECKS = {
  refused: false,
  citations_removed: 0,
  uncited: 1,
  supported: 1,
  quotes_missing: 0,
  numbers_missing: 2,
  sentences: [{}, {}]
};
const CITATION = {
  number: 1,
  at: 13,
  source: 'cats.md',
  title: '',
  page: 2,
  headings: [],
  start: 2,
  end: 30,
  highlight: { start: 7, end: 12, page: 2, text: 'sleep' }
};

/** A server that holds one index, whose answers are written by the test. */
class Server {
  readonly streams: EventStream[] = [];
  readonly workbench: TestWorkbench;
  private readonly answers: Answers = {
    'GET artifacts': {
      artifacts: [
        { ref: 'docs@1', size: 1000, created: '2026-11-01T00:00:00Z', metadata: { documents: 1 } }
      ]
    },
    'GET indexes/docs%401/documents': DOCUMENTS,
    'GET indexes/docs%401/document': {
      source: 'cats.md',
      title: 'Cats',
      media_type: 'text/plain',
      text: TEXT,
      page_starts: [],
      chunks: CHUNKS
    },
    'POST indexes/docs%401/search': { hits: [CATS] },
    'POST indexes/docs%401/ask': () => {
      const stream = new EventStream();
      this.streams.push(stream);
      return stream.response;
    },
    'GET artifacts/docs%401/lineage': { digest: 'aa', edges: [], nodes: {} }
  };

  constructor(others: Answers = {}) {
    this.workbench = answering({ ...this.answers, ...others });
  }

  say(event: string, content: object): void {
    this.streams.at(-1)?.write(`event: ${event}\ndata: ${JSON.stringify(content)}\n\n`);
  }
}

async function asking(server: Server, ref?: string): Promise<[HTMLElement, AskModel]> {
  const model = new AskModel(server.workbench, ref === undefined ? {} : { ref });
  const node = await shown(new AskView(model));
  await model.load();
  return [node, model];
}

const said = (node: HTMLElement, words: string): Promise<void> =>
  until(() => node.textContent.includes(words));

beforeAll(() => {
  Element.prototype.scrollIntoView = () => undefined;
});

describe('The panel that asks documents', () => {
  it('lets choose an index, and remembers which', async () => {
    const [node, model] = await asking(new Server());
    await said(node, 'docs@1');
    button(node, 'docs@1').click();
    await said(node, '1 document');
    expect(model.args).toEqual({ ref: 'docs@1' });
  });

  it('lets choose who answers where several could', async () => {
    const model = (id: string, engine: string, task = 'generate'): object => ({ id, engine, task });
    const server = new Server({
      'GET /hub/ada/modelops/openai/v1/models': {
        data: [
          model('bot', 'llamacpp'),
          model('bot/legal', 'llamacpp'),
          model('minilm', 'transformers', 'embed'),
          model('rag:docs@1', 'retrieval')
        ]
      }
    });
    const [node, panel] = await asking(server, 'docs@1');
    await said(node, 'Answered by');
    const choice = [...node.querySelectorAll('select')].at(-1);
    expect([...(choice?.options ?? [])].map(({ value }) => value)).toEqual([
      '',
      'bot',
      'bot/legal'
    ]);
    panel.set({ answerer: 'bot/legal', question: 'How long?' });
    void panel.ask(true);
    await until(() => server.streams.length === 1);
    const asked = server.workbench.asked.at(-1);
    expect(asked?.body).toMatchObject({ model: 'bot/legal', question: 'How long?' });
  });

  it('leads to its evaluation where it was not measured', async () => {
    const server = new Server();
    const [node] = await asking(server, 'docs@1');
    await said(node, 'How well it finds has not been measured.');
    button(node, 'Evaluate it…').click();
    expect(server.workbench.opened).toEqual([
      ['run', { template: 'rag-evaluate', changes: { index: 'docs@1' } }]
    ]);
  });

  it('shows what was measured of it, and of no other', async () => {
    const evaluations = [
      { ref: 'docs-retrieval@2', digest: 'e2' },
      { ref: 'other@1', digest: 'e3' },
      { ref: 'docs-retrieval@1', digest: 'e1' }
    ];
    const edges = [
      { product: 'e1', source: 'aa', name: 'index' },
      { product: 'e2', source: 'aa', name: 'index' },
      { product: 'e3', source: 'bb', name: 'index' }
    ];
    const artifacts = evaluations.slice(0, 1).map(({ ref }) => ({
      ref,
      name: 'docs-retrieval',
      kind: 'evaluation',
      rejected: [],
      metadata: {}
    }));
    const measures = [{ name: 'ndcg@10', values: [0.613], intervals: [[0.57, 0.65]] }];
    const server = new Server({
      'GET artifacts': { artifacts: evaluations },
      'GET artifacts/docs%401/lineage': { digest: 'aa', edges, nodes: {} },
      'GET artifact-comparison': { artifacts, measures, facts: [] }
    });
    const [node] = await asking(server, 'docs@1');
    await said(node, '2 evaluations');
    await said(node, 'nDCG@10');
    expect(node.textContent).toContain('0.613');
  });

  it('says how to make one where there is none', async () => {
    const workbench = answering({ 'GET artifacts': { artifacts: [] } });
    const model = new AskModel(workbench, {});
    const node = await shown(new AskView(model));
    await model.load();
    await said(node, 'There is none yet');
    button(node, 'Index documents').click();
    expect(workbench.opened).toEqual([['run', { template: 'rag-index' }]]);
  });

  it('lists documents, and what was left out with the reason', async () => {
    const [node] = await asking(new Server(), 'docs@1');
    await said(node, 'cats.md');
    expect(node.textContent).toContain('It has no text layer.');
  });

  it('shows passages with what each retriever thought of them', async () => {
    const [node, model] = await asking(new Server(), 'docs@1');
    model.set({ question: 'Cats?', method: 'dense' });
    await model.ask(false);
    await said(node, 'cats.md · Pets · page 2');
    const [row] = node.querySelectorAll('tbody tr');
    expect([...(row?.querySelectorAll('td') ?? [])].map(cell => cell.textContent).slice(2)).toEqual(
      ['1 (0.812)', '1 (0.0300)']
    );
  });

  it('answers with numbers that open the passage, its sentence marked, in its document', async () => {
    const server = new Server();
    const [node, model] = await asking(server, 'docs@1');
    model.set({ question: 'What do cats do?' });
    const done = model.ask(true);
    await until(() => server.streams.length === 1);
    server.say('progress', { text: 'Starting the index' });
    await said(node, 'Starting the index');
    server.say('hits', { hits: [CATS], passages: [CATS] });
    server.say('delta', { text: 'Cats 🎉 sleep.[1]' });
    await said(node, 'Cats 🎉 sleep.');
    const citation = { ...CITATION, at: 13 };
    server.say('citation', citation);
    const text = 'Cats 🎉 sleep.[1] So they do.[9]';
    server.say('answer', {
      text,
      citations: [citation],
      checks: CHECKS,
      model: 'bot',
      refused: false
    });
    server.streams[0]?.close();
    await done;

    await said(node, '1 of 2 sentences share most of their words with what they cite');
    expect(node.textContent).toContain('1 sentence cites nothing; 2 numbers stand in no passage.');
    expect(node.textContent).toContain('written by bot');
    button(node, 'Passage 1, in cats.md').click();
    await said(node, 'chunk 1 of 2');
    await until(() => node.querySelector('mark strong') !== null);
    expect(node.querySelector('mark')?.textContent).toBe('Cats sleep most of the day. ');
    expect(node.querySelector('mark strong')?.textContent).toBe('sleep');
    button(node, 'The next chunk').click();
    await until(() => node.querySelector('mark')?.textContent === 'A cat finds its way');
  });

  it('leaves what only looks like a citation as text, once the answer has ended', async () => {
    const server = new Server();
    const [node, model] = await asking(server, 'docs@1');
    model.set({ question: 'Cats?' });
    void model.ask(true);
    await until(() => server.streams.length === 1);
    server.say('hits', { hits: [CATS], passages: [CATS] });
    const text = 'row[1] and so [1].';
    const answer = { text, citations: [{ ...CITATION, at: 14 }], checks: CHECKS, model: 'm' };
    server.say('answer', answer);
    await said(node, 'row[1]');
    await until(() => node.querySelectorAll('.jp-ModelOps-citation').length === 1);
  });

  it('shows markup in answers and documents as the characters that it is', async () => {
    const server = new Server();
    const [node, model] = await asking(server, 'docs@1');
    model.set({ question: 'What?' });
    const done = model.ask(true);
    await until(() => server.streams.length === 1);
    server.say('hits', { hits: [], passages: [] });
    const text = '<img src=x onerror=alert(1)> ![](http://evil.test/?q=1) [2]';
    server.say('answer', { text, citations: [], checks: CHECKS, model: null, refused: false });
    server.streams[0]?.close();
    await done;
    await said(node, text);
    expect(node.querySelector('img, a')).toBeNull();
  });

  it('says what ended an answer, keeps what has come, and asks again', async () => {
    const server = new Server();
    const [node, model] = await asking(server, 'docs@1');
    model.set({ question: 'What?' });
    const first = model.ask(true);
    await until(() => server.streams.length === 1);
    server.say('delta', { text: 'Half of' });
    server.say('problem', { code: 'engine_unavailable', detail: 'The engine ended.', status: 503 });
    await first;
    await said(node, 'The engine ended.');
    expect(node.textContent).toContain('Half of');
    button(node, 'Try again').click();
    await until(() => server.streams.length === 2);
    server.streams[1]?.close();
    await said(node, 'The connection ended before the answer did.');
  });

  it('stops when it is told to', async () => {
    const server = new Server();
    const [node, model] = await asking(server, 'docs@1');
    model.set({ question: 'What?' });
    const done = model.ask(true);
    await until(() => server.streams.length === 1);
    server.say('delta', { text: 'Half of' });
    await said(node, 'Half of');
    button(node, 'Stop').click();
    await done;
    expect(model.busy).toBe(false);
    expect(model.outcome?.problem).toBeNull();
    expect(model.outcome?.text).toBe('Half of');
  });

  it('says why the index cannot be opened', async () => {
    const workbench = answering({
      'GET indexes/docs%401/documents': new Refusal(409, {
        code: 'embedder_differs',
        detail: 'The index was made with another embedder.',
        status: 409
      })
    });
    const model = new AskModel(workbench, { ref: 'docs@1' });
    const node = await shown(new AskView(model));
    await model.load();
    await said(node, 'The index was made with another embedder.');
  });
});
