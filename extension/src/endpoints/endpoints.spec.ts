import type { Endpoint } from '../api';
import { Answers, button, Refusal, shown, TestWorkbench, until } from '../workbench/testing';
import { EndpointsFeed } from './feed';
import { History } from './history';
import { EndpointsModel } from './list';
import { EndpointsView } from './list-view';
import { EndpointModel } from './model';
import { snippet } from './snippets';
import { endpoint, serving } from './testing';
import { EndpointView } from './view';
import { middleAndSlow, rate, time } from './wording';

// There is no canvas to draw on in unit tests; the browser's tests look at the curves.
jest.mock('../curves/view', () => ({ Curves: () => null }));

function asked(workbench: TestWorkbench, what: string): number {
  return workbench.asked.filter(one => one.what === what).length;
}

async function listed(endpoints: readonly Endpoint[], answers: Answers = {}) {
  const workbench = serving(() => endpoints, answers);
  const feed = new EndpointsFeed(workbench);
  await feed.refresh();
  const view = new EndpointsView(new EndpointsModel(feed));
  return { workbench, feed, view, node: await shown(view) };
}

async function panel(one: Endpoint | null, answers: Answers = {}) {
  const workbench = serving(() => (one ? [one] : []), answers);
  const feed = new EndpointsFeed(workbench);
  await feed.refresh();
  const model = new EndpointModel(workbench, feed, one?.name ?? 'gone');
  await until(() => model.keys.state.kind !== 'loading' && model.log.state.kind !== 'loading');
  const view = new EndpointView(model);
  return { workbench, feed, model, view, node: await shown(view) };
}

describe('wording', () => {
  it('writes short times in milliseconds and long ones in seconds', () => {
    expect([0.0421, 0.9, 1.2549, 75].map(time)).toEqual(['42 ms', '900 ms', '1.25 s', '75 s']);
    expect(middleAndSlow({ p50: 0.042, p95: 1.25, p99: 2 })).toBe('42 ms / 1.25 s');
    expect(middleAndSlow(null)).toBe('–');
  });

  it('writes rates with one digit while they are small', () => {
    expect([0, 13.28, 1234.5].map(rate)).toEqual(['0', '13.3', '1,235']);
  });
});

describe('Snippets', () => {
  it('name the address and the model', () => {
    const base = 'http://lab.test/modelops/openai/v1';
    expect(snippet('curl', base, 'bot/fix')).toContain(`curl ${base}/chat/completions`);
    expect(snippet('curl', base, 'bot/fix')).toContain('"model": "bot/fix"');
    expect(snippet('python', base, 'bot')).toContain(`base_url="${base}"`);
    expect(snippet('environment', base, 'bot')).toContain(`OPENAI_BASE_URL=${base}`);
  });
});

describe('History', () => {
  it('counts seconds from the first look, and takes each moment once', () => {
    const history = new History();
    history.take(endpoint('bot'), 1000);
    history.take(endpoint('bot'), 3000);
    history.take(endpoint('bot'), 3000);
    expect([...history.tokens.steps]).toEqual([0, 2]);
    expect([...history.waiting.values]).toEqual([2, 2]);
  });
});

describe('EndpointsFeed', () => {
  it('asks while somebody watches, and not before or after', async () => {
    const workbench = serving(() => [endpoint('bot')]);
    const feed = new EndpointsFeed(workbench);
    expect(asked(workbench, 'GET endpoints')).toBe(0);
    const [one, other] = [{}, {}];
    feed.watch(one);
    await until(() => feed.value !== null);
    feed.watch(other);
    feed.unwatch(one);
    expect(feed.watched).toBe(true);
    feed.unwatch(other);
    expect(feed.watched).toBe(false);
    feed.dispose();
  });

  it('knows which run', async () => {
    const { feed } = await listed([endpoint('a'), endpoint('b', { state: 'failed' })]);
    expect(feed.running.map(({ name }) => name)).toEqual(['a']);
    expect(feed.find('b')?.state).toBe('failed');
    expect(feed.find('c')).toBeNull();
  });
});

describe('Endpoints', () => {
  it('teach where there are none', async () => {
    const { node, workbench } = await listed([]);
    expect(node.textContent).toContain('It speaks the OpenAI API');
    button(node, 'Serve a model').click();
    expect(workbench.opened).toEqual([['serve', {}]]);
  });

  it('stand in rows with what passes through them', async () => {
    const { node, workbench } = await listed([endpoint('bot', { restarts: 3 })]);
    const row = node.querySelector('tbody tr');
    expect(row?.textContent).toContain(
      'bot✓ readybot@1llama.cpp1, 2 waiting13.3300 MB42 ms / 1.25 s3'
    );
    button(node, 'bot').click();
    button(node, 'bot@1').click();
    button(node, 'Chat with bot').click();
    expect(workbench.opened).toEqual([
      ['serve', { endpoint: 'bot' }],
      ['artifact', { ref: 'bot@1' }],
      ['chat', { endpoints: ['bot'] }]
    ]);
  });

  it('say why one failed, and start it again', async () => {
    const reason = { code: 'out_of_memory', detail: 'It took 9 GB.', hint: '' };
    const failed = endpoint('bot', { state: 'failed', reason, memory: null });
    const { node, workbench } = await listed([failed], {
      'POST endpoints/bot/restart': endpoint('bot', { state: 'starting' })
    });
    expect(node.textContent).toContain('It took 9 GB.');
    expect(node.textContent).toContain('✗ failed');
    button(node, 'Start bot again').click();
    await until(() => asked(workbench, 'POST endpoints/bot/restart') === 1);
  });

  it('say what the server refused', async () => {
    const { node } = await listed([endpoint('bot')], {
      'POST endpoints/bot/stop': new Refusal(503, { code: 'stuck', detail: 'It does not end.' })
    });
    button(node, 'Stop bot').click();
    await until(() => node.textContent.includes('It does not end.'));
  });
});

describe('An endpoint', () => {
  it('shows what it does while it starts, and no traffic yet', async () => {
    const { node } = await panel(
      endpoint('bot', {
        state: 'starting',
        text: 'Verifying bot@1',
        traffic: { ...endpoint('bot').traffic, requests: 0 }
      })
    );
    expect(node.textContent).toContain('… starting · Verifying bot@1');
    expect(node.querySelector('[aria-label="Traffic"]')).toBeNull();
    expect(node.textContent).toContain('Loading the model');
  });

  it('says why it failed, what helps, and whether it answers as evaluated', async () => {
    const { node } = await panel(
      endpoint('bot', {
        state: 'failed',
        reason: { code: 'parity_diverged', detail: 'It answers otherwise.', hint: 'Evaluate it.' },
        parity: [
          { name: 'bot', agrees: false, sentence: 'Not as <b>evaluated</b>: 3 of 8 differ.' }
        ]
      })
    );
    expect(node.textContent).toContain('It answers otherwise.Evaluate it.');
    expect(node.textContent).toContain('✗ Not as <b>evaluated</b>: 3 of 8 differ.');
    expect(node.querySelector('b')).toBeNull();
  });

  it('shows times, snippets and facts while it is ready', async () => {
    const { node, workbench } = await panel(endpoint('bot', { model_names: ['bot', 'bot/fix'] }));
    expect(node.textContent).toContain('Until the first token42 ms1.25 s2 s');
    expect(node.textContent).toContain('http://lab.test/hub/ada/modelops/openai/v1');
    button(node, 'Chat').click();
    expect(workbench.opened).toEqual([['chat', { endpoints: ['bot'] }]]);
  });

  it('offers no chat with an index, no key and no adapters', async () => {
    const models = { embedder: 'minilm@1', reranker: 'ms-marco@2' };
    const index = endpoint('docs', { task: 'search', ...models, model_names: [] });
    const { node } = await panel(index);
    expect(node.textContent).toContain('Searched withminilm@1');
    expect(node.textContent).toContain('Reranked byms-marco@2');
    for (const name of ['Chat', 'Add adapter', 'Make a key']) {
      expect(() => button(node, name)).toThrow();
    }
    expect(node.textContent).not.toContain('/openai/v1');
  });

  it('adds and removes adapters, but not the one that it serves', async () => {
    const one = endpoint('bot', { ref: 'own@2', adapters: ['own@2', 'fix@1'] });
    const adapter = { kind: 'adapter', name: 'more', ref: 'more@4', metadata: {} };
    const stranger = { ...adapter, name: 'stranger', ref: 'stranger@1' };
    const { node, workbench, model } = await panel(one, {
      'GET artifacts': { artifacts: [adapter, stranger], total: 2, kinds: {} },
      'POST endpoint-plan': { adapters: ['more@4'] },
      'POST endpoints/bot/adapters': one
    });
    await until(() => model.adapters.value !== null && node.textContent.includes('Add adapter'));
    expect(() => button(node, 'Serve own@2 no longer')).toThrow();
    expect(node.textContent).not.toContain('stranger');
    button(node, 'Serve fix@1 no longer').click();
    await until(() => model.busy === null && !button(node, 'Add adapter').disabled);
    button(node, 'Add adapter').click();
    const changes = () =>
      workbench.asked.filter(({ path }) => path.endsWith('adapters')).map(({ body }) => body);
    await until(() => changes().length === 2);
    expect(changes()).toEqual([{ remove: ['fix'] }, { add: ['more@4'] }]);
  });

  it('shows a new key once, and revokes it', async () => {
    const key = { id: 'ada', created: '2026-11-28T10:00:00Z' };
    let keys = [key];
    const { node, model } = await panel(endpoint('bot'), {
      'GET endpoints/bot/keys': () => ({ keys }),
      'POST endpoints/bot/keys': { ...key, key: 'sk-modelops-secret' },
      'DELETE endpoints/bot/keys/ada': () => {
        keys = [];
        return new Response(null, { status: 204 });
      }
    });
    await model.createKey('ada');
    await until(() => node.textContent.includes('sk-modelops-secret'));
    button(node, 'Revoke the key ada').click();
    await until(() => node.textContent.includes('None yet.'));
    expect(node.textContent).not.toContain('sk-modelops-secret');
  });

  it('is removed after a question, and the panel hears of it', async () => {
    const { node, model } = await panel(endpoint('bot'), {
      'DELETE endpoints/bot': () => new Response(null, { status: 204 })
    });
    let removed = 0;
    model.removed.connect(() => (removed += 1));
    button(node, 'Remove…').click();
    await until(() => node.textContent.includes('its log and keys are lost'));
    button(node, 'Remove it').click();
    await until(() => removed === 1);
  });

  it('asks for its log only while it is seen', async () => {
    const { feed, model, view, workbench } = await panel(endpoint('bot'));
    const logs = () => asked(workbench, 'GET endpoints/bot/log');
    model.unwatch(view);
    const before = logs();
    await feed.refresh();
    await new Promise(done => setTimeout(done, 350));
    expect(logs()).toBe(before);
    model.watch(view);
    await until(() => logs() > before);
    view.dispose();
  });

  it('that is no more says so', async () => {
    const { node } = await panel(null);
    expect(node.textContent).toContain('There is no endpoint gone any more.');
  });
});
