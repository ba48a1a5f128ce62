import { follow, make, newId, say, troubleBox } from './elements.js';
import { area, button } from './writing.js';

/** An index: what is asked, the answer as it comes, and the passages that its numbers open. */

export function askView(model) {
  const id = newId();
  const status = make('span', 'where', { role: 'status' });
  const answer = make('div', 'said', { role: 'region', 'aria-label': 'Answer' });
  const checks = make('div', 'hint');
  const trouble = make('div', 'troubles');
  const found = make('div', 'passages');
  const asked = make('strong', 'asked');
  const question = area(
    {
      id,
      placeholder: 'What do you want to know? Enter asks.',
      input: () => model.set('draft', question.value)
    },
    () => !running() && model.get('answer').state !== 'searching' && send('send')
  );
  const act = make('button', 'primary', {
    type: 'button',
    click: () => (running() ? model.send({ kind: 'stop' }) : send('send'))
  });
  const search = button('Only search', () => send('search'));
  const element = make(
    'section',
    'ask',
    { 'aria-label': `Ask ${model.get('index')}` },
    make('div', 'head', {}, make('strong', 'title', {}, model.get('index')), status),
    make('label', 'hint', { for: id }, 'Question'),
    make('div', 'prompt', {}, question, act),
    make('div', 'buttons', {}, search),
    asked,
    answer,
    checks,
    trouble,
    found
  );

  function running() {
    return ['waiting', 'streaming'].includes(model.get('answer').state);
  }

  function send(kind) {
    if (question.value.trim() !== '') {
      model.save_changes();
      model.send({ kind });
    }
  }

  function showAnswer() {
    const { state = '', parts = [], checks: told = '' } = model.get('answer');
    const busy = running();
    const searching = state === 'searching';
    say(asked, model.get('question'));
    answer.replaceChildren(...parts.map(cited));
    say(checks, told);
    say(status, state === 'streaming' ? 'answering …' : busy || searching ? 'searching …' : '');
    say(act, busy ? 'Stop' : 'Ask');
    act.disabled = searching;
    search.hidden = busy || searching;
    answer.setAttribute('aria-busy', String(busy));
    element.dataset.answer = state;
  }

  /** A part of the answer; a citation is a button that opens its passage. */
  function cited({ number, text }) {
    const passage = model.get('passages').find(one => one.number === number);
    return passage
      ? make(
          'button',
          'cited',
          {
            type: 'button',
            'aria-label': `Passage ${number}, in ${passage.source}`,
            click: () => open(number)
          },
          text
        )
      : text;
  }

  function open(number) {
    const chosen = found.querySelector(`[data-number="${number}"]`);
    if (chosen) {
      chosen.open = true;
      chosen.querySelector('summary').focus();
      chosen.scrollIntoView({ block: 'nearest' });
    }
  }

  function showPassages() {
    const opened = [...found.querySelectorAll('[open]')].map(one => Number(one.dataset.number));
    found.replaceChildren(
      ...model
        .get('passages')
        .map(({ number, where, parts }) =>
          make(
            'details',
            'passage',
            { 'data-number': number, open: opened.includes(number) },
            make('summary', '', {}, `[${number}] ${where}`),
            make(
              'blockquote',
              'quoted',
              {},
              ...parts.map(({ text, marked }) => (marked ? make('mark', '', {}, text) : text))
            )
          )
        )
    );
    showAnswer();
  }

  function showQuestion() {
    found.replaceChildren();
    showAnswer();
  }

  function showTrouble() {
    const told = model.get('trouble');
    trouble.replaceChildren(...(told.message ? [troubleBox(told)] : []));
  }

  function showDraft() {
    if (question.value !== model.get('draft')) {
      question.value = model.get('draft');
    }
  }

  const close = follow(model, {
    'change:question': showQuestion,
    'change:answer': showAnswer,
    'change:passages': showPassages,
    'change:trouble': showTrouble,
    'change:draft': showDraft
  });
  showPassages();
  showTrouble();
  showDraft();
  return { element, close };
}
