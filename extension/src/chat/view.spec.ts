import { Sanitizer } from '@jupyterlab/apputils';
import { RenderMimeRegistry, standardRendererFactories } from '@jupyterlab/rendermime';

import { button, shown, until } from '../workbench/testing';
import { LONGEST } from './markdown';
import type { ChatModel } from './model';
import { safe } from './safe';
import { Engine, refusal } from './testing';
import { ChatView } from './view';

const opened: string[] = [];

/** A view of a chat, and the engine that answers in it. */
async function chatting(engine: Engine, ...endpoints: string[]): Promise<[HTMLElement, ChatModel]> {
  const model = await engine.chat(...endpoints);
  const registry = new RenderMimeRegistry({
    initialFactories: standardRendererFactories,
    sanitizer: new Sanitizer(),
    markdownParser: { render: text => Promise.resolve(`<p>${text}</p>`) }
  });
  const view = new ChatView(model, safe(registry), path => opened.push(path));
  return [await shown(view), model];
}

function prompt(node: HTMLElement): HTMLTextAreaElement {
  const found = node.querySelector<HTMLTextAreaElement>('.jp-ModelOps-promptline textarea');
  if (!found) {
    throw new Error('There is no box for the prompt.');
  }
  return found;
}

/** Type as a person does: React hears of what the element's own setter did not do. */
function type(box: HTMLTextAreaElement, text: string): void {
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')?.set?.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
}

function press(box: HTMLTextAreaElement, more: KeyboardEventInit = {}): void {
  box.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, ...more }));
}

describe('The chat panel', () => {
  beforeEach(() => {
    localStorage.clear();
    opened.length = 0;
  });

  it('says how to serve a model where none is', async () => {
    const [node] = await chatting(new Engine([]));
    expect(node.textContent).toContain('None is served now');
    expect(node.textContent).toContain('modelops endpoints start MODEL');
  });

  it('lets choose among the models that are ready', async () => {
    const [node, model] = await chatting(new Engine());
    button(node, 'large').click();
    await until(() => node.querySelector('textarea') !== null);
    expect(model.args).toEqual({ endpoints: ['large'] });
  });

  it('sends by Enter, and neither with Shift nor while an input method is open', async () => {
    const engine = new Engine();
    const [node] = await chatting(engine, 'tiny');
    type(prompt(node), 'Hi');
    await until(() => prompt(node).value === 'Hi');
    press(prompt(node), { shiftKey: true });
    press(prompt(node), { isComposing: true });
    expect(engine.asked).toEqual([]);
    press(prompt(node));
    await until(() => engine.asked.length === 1);
    expect(engine.asked[0]?.messages).toEqual([{ role: 'user', content: 'Hi' }]);
  });

  it('shows an answer with its speed, and why it ended', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    model.set({ draft: 'Hi' });
    const sent = model.send();
    await until(() => engine.streams.length === 1);
    engine.say(0, 'Ho');
    await until(() => node.querySelector('article')?.textContent.includes('Ho') === true);
    expect(node.querySelector('article')?.getAttribute('aria-busy')).toBe('true');
    engine.end(0, 'length', 1234);
    await sent;
    await until(() => node.querySelector('article')?.getAttribute('aria-busy') === 'false');
    expect(node.textContent).toMatch(/1,234 tokens · 42 tokens\/s · first after [\d.]+ s/);
    expect(node.textContent).toContain('cut off: the context of the model is full');
    expect(node.querySelector('[aria-live=polite]')?.textContent).toBe('tiny: Ho');
  });

  it('says what went wrong, and waits as long as the server asks before it is tried again', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    engine.refusals.push(refusal(429, 'Too many.', { 'Retry-After': '1' }));
    model.set({ draft: 'Hi' });
    await model.send();
    await until(() => node.textContent.includes('Too many.'));
    expect(button(node, 'Try again in 1 s').disabled).toBe(true);
    await until(() => !button(node, 'Try again').disabled);
    button(node, 'Try again').click();
    await until(() => engine.asked.length === 2);
    expect(engine.asked[1]?.messages).toEqual([{ role: 'user', content: 'Hi' }]);
  });

  it('says that a model is no longer ready', async () => {
    const [node] = await chatting(new Engine(), 'gone');
    expect(node.querySelector('select')?.value).toBe('gone');
    expect(node.textContent).toContain('Not ready now');
  });

  it('stops, by a button where Send was', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    model.set({ draft: 'Hi' });
    const sent = model.send();
    await until(() => engine.streams.length === 1);
    await until(() => node.querySelector('.jp-ModelOps-promptline .jp-mod-warn') !== null);
    node.querySelector<HTMLButtonElement>('.jp-ModelOps-promptline .jp-mod-warn')?.click();
    await sent;
    await until(() => node.textContent.includes('stopped before its end'));
  });

  it('shows hostile text harmlessly, rendered and as it is', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    const text = '<img src="https://elsewhere.test/a" alt="pic" onerror="alert(1)"><b>bold</b>';
    await engine.exchange(model, text, text);
    await until(() => node.querySelector('article b') !== null);
    expect(node.querySelector('article img')).toBeNull();
    model.set({ plain: true });
    await until(() => node.querySelector('article b') === null);
    expect(node.querySelector('article')?.textContent).toContain(text);
    expect(node.querySelector('img, script')).toBeNull();
  });

  it('shows a huge text as it is', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    await engine.exchange(model, 'Hi', `<b>${'x'.repeat(LONGEST)}</b>`);
    await until(() => node.querySelector('article .jp-ModelOps-said') !== null);
    expect(node.querySelector('article b')).toBeNull();
  });

  it('rates an answer, and takes it back', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    await engine.exchange(model, 'Hi', 'Ho');
    await until(() => node.querySelector('[aria-label="Good answer"]') !== null);
    const pressed = (): string | null => button(node, 'Good answer').getAttribute('aria-pressed');
    button(node, 'Good answer').click();
    await until(() => pressed() === 'true');
    button(node, 'Good answer').click();
    await until(() => pressed() === 'false');
  });

  it('marks a choice that is wrong, and says what would be right', async () => {
    const [node, model] = await chatting(new Engine(), 'tiny');
    model.set({ sampling: { ...model.chat.sampling, top_p: '2' } });
    await until(() => node.querySelector('[aria-invalid=true]') !== null);
    expect(node.textContent).toContain('A number from 0 to 1');
    expect(node.textContent).toContain('Settings (1 changed)');
  });

  it('clears after a question in place', async () => {
    const engine = new Engine();
    const [node, model] = await chatting(engine, 'tiny');
    await engine.exchange(model, 'Hi', 'Ho');
    await until(() => node.textContent.includes('Clear…'));
    button(node, 'Clear…').click();
    await until(() => node.textContent.includes('Keep it'));
    expect(model.chat.turns).toHaveLength(1);
    button(node, 'Clear the chat').click();
    await until(() => node.querySelector('article') === null);
  });
});
