import { follow, make, newId, say, troubleBox } from './elements.js';
import { field } from './fields.js';
import { prose } from './prose.js';
import { area, button } from './writing.js';

/** A chat: what was said, the answer as it comes, where the next question is written, and how it is asked. */

const NEAR = 40; // pixels from the end within which a reader follows what comes

const SETTINGS = {
  temperature: { title: 'Temperature', type: 'number', minimum: 0, maximum: 5 },
  max_tokens: { title: 'Most tokens', type: 'integer', minimum: 1, maximum: 1000000 }
};

export function chatView(model) {
  const id = newId();
  const said = make('div', 'turns');
  const coming = make('div', 'coming');
  const trouble = make('div', 'troubles');
  const conversation = make(
    'div',
    'conversation',
    { tabindex: 0, role: 'region', 'aria-label': 'Conversation' },
    said,
    coming,
    trouble
  );
  const status = make('span', 'where', { role: 'status' });
  const prompt = area(
    {
      id,
      placeholder: 'Ask something. Enter sends, Shift+Enter begins a new line.',
      input: () => model.set('draft', prompt.value)
    },
    () => !running() && sendOrStop()
  );
  const act = make('button', 'primary', { type: 'button', click: sendOrStop });
  const again = button('Answer again', () => model.send({ kind: 'again' }));
  const clear = button('Start over', () => model.send({ kind: 'clear' }));
  const settings = settingsOf(model);
  const element = make(
    'section',
    'chat',
    { 'aria-label': `Chat with ${model.get('model')}` },
    make('div', 'head', {}, make('strong', 'title', {}, model.get('model')), status),
    conversation,
    make('label', 'hint', { for: id }, 'Prompt'),
    make('div', 'prompt', {}, prompt, act),
    make('div', 'buttons', {}, again, clear),
    settings.element
  );

  function running() {
    return ['waiting', 'streaming'].includes(model.get('answer').state);
  }

  function sendOrStop() {
    if (running()) {
      model.send({ kind: 'stop' });
    } else if (prompt.value.trim() !== '') {
      model.save_changes();
      model.send({ kind: 'send' });
    }
  }

  function showTurns() {
    following(() => said.replaceChildren(...model.get('turns').map(turnOf)));
    showAnswer();
  }

  function turnOf({ role, content }) {
    return turn(role, role === 'user' ? 'You' : model.get('model'), content);
  }

  function showAnswer() {
    const { state = '', text = '', facts = '', ending = '' } = model.get('answer');
    const last = model.get('turns').at(-1);
    // An answer that counts is a turn.
    const open = last?.role === 'user' && text !== '';
    const busy = running();
    following(() =>
      coming.replaceChildren(...(open ? [turnOf({ role: 'assistant', content: text })] : []))
    );
    conversation.setAttribute('aria-busy', String(busy));
    say(
      status,
      busy ? 'answering …' : [facts, ending && `! ${ending}`].filter(Boolean).join(' · ')
    );
    say(act, busy ? 'Stop' : 'Send');
    say(again, last?.role === 'user' ? 'Try again' : 'Answer again');
    again.hidden = clear.hidden = busy || !last;
    element.dataset.answer = state;
  }

  function showTrouble() {
    const told = model.get('trouble');
    following(() => trouble.replaceChildren(...(told.message ? [troubleBox(told)] : [])));
  }

  function showDraft() {
    if (prompt.value !== model.get('draft')) {
      prompt.value = model.get('draft');
    }
  }

  /** Change what is shown, and keep the end in sight unless the reader has gone up. */
  function following(change) {
    const { clientHeight, scrollHeight, scrollTop } = conversation;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR;
    change();
    if (atEnd) {
      conversation.scrollTop = conversation.scrollHeight;
    }
  }

  const close = follow(model, {
    'change:turns': showTurns,
    'change:answer': showAnswer,
    'change:trouble': showTrouble,
    'change:draft': showDraft,
    ...settings.listeners
  });
  showTurns();
  showTrouble();
  showDraft();
  return { element, close };
}

function turn(role, name, content) {
  return make(
    'article',
    'turn',
    { 'data-role': role, 'aria-label': role === 'user' ? 'Prompt' : `Answer of ${name}` },
    make('div', 'hint', {}, name),
    ...prose(content)
  );
}

/** The system prompt, and how the model picks its tokens; what is empty is left to the engine. */
function settingsOf(model) {
  const id = newId();
  const system = area({
    id,
    placeholder: 'What the model is told before the conversation',
    input: () => keep('system', system.value)
  });
  const fields = Object.entries(SETTINGS).map(([name, schema]) => {
    const made = field(name, { ...schema, anyOf: [schema, { type: 'null' }] }, undefined, value => {
      const problem = wrong(schema, value);
      made.complain(problem);
      if (problem === '') {
        keep(name, value);
      }
    });
    return [name, made];
  });

  function keep(name, value) {
    model.set(name, value);
    model.save_changes();
  }

  function showSystem() {
    if (system.value !== model.get('system')) {
      system.value = model.get('system');
    }
  }

  const shows = fields.map(([name, made]) => [`change:${name}`, () => made.write(model.get(name))]);
  shows.forEach(([, show]) => show());
  showSystem();
  return {
    element: make(
      'details',
      'group',
      {},
      make('summary', '', {}, 'Settings'),
      make('label', '', { for: id }, 'System prompt'),
      system,
      ...fields.map(([, made]) => made.element)
    ),
    listeners: { 'change:system': showSystem, ...Object.fromEntries(shows) }
  };
}

function wrong({ type, minimum, maximum }, value) {
  if (value === null) {
    return '';
  }
  if (typeof value !== 'number' || value < minimum || value > maximum) {
    return `A number from ${minimum} to ${maximum.toLocaleString('en')}`;
  }
  return type === 'integer' && !Number.isInteger(value) ? 'A whole number' : '';
}
