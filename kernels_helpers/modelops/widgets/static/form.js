import { follow, make, say, troubleBox } from './elements.js';
import { field } from './fields.js';

/** The form of a template: what is asked first, groups of the rest, and whether it can run. */

const PAUSE = 300; // milliseconds without a key before the server is asked

const SIGNS = { ok: '✓', warning: '!', blocked: '✗', unknown: '?' };

export function formView(model) {
  const template = model.get('template');
  const schema = template.schema;
  const fields = new Map();
  const groups = new Map();
  let waiting = null;

  const status = make('div', 'status', { role: 'status' });
  const reasons = make('ul', 'reasons', { 'aria-label': 'Checks' });
  const trouble = make('div', 'troubles');
  const run = make('button', 'primary', { type: 'submit' }, 'Run');
  const body = make('div', 'fields');
  const element = make(
    'form',
    'form',
    { submit, keydown: submitByEnter, novalidate: true, 'aria-label': template.title },
    make('div', 'head', {}, make('strong', 'title', {}, template.title), presets()),
    make('div', 'hint', {}, template.summary),
    body,
    make('div', 'ready', {}, status, reasons, trouble),
    make('div', 'buttons', {}, run)
  );

  function given(name) {
    const value = model.get('values')[name];
    return value === undefined ? schema.properties[name].default : value;
  }

  function change(name, value) {
    const values = { ...model.get('values') };
    if (JSON.stringify(value) === JSON.stringify(schema.properties[name].default)) {
      delete values[name];
    } else {
      values[name] = value;
    }
    model.set('values', values);
    showReadiness();
    clearTimeout(waiting);
    waiting = setTimeout(save, PAUSE);
  }

  function save() {
    clearTimeout(waiting);
    waiting = null;
    model.save_changes();
  }

  function submit(event) {
    event.preventDefault();
    if (waiting !== null) {
      save();
    }
    say(status, 'Submitting …');
    model.send({ kind: 'run' });
  }

  // JupyterLab keeps Enter in a field from submitting its form.
  function submitByEnter(event) {
    if (event.key === 'Enter' && event.target.tagName === 'INPUT' && !run.disabled) {
      submit(event);
    }
  }

  /** Values that go together; what a preset does not name stays as it is. */
  function presets() {
    const known = Object.entries(template.presets ?? {});
    if (!known.length) {
      return null;
    }
    const options = ['(choose)', ...known.map(([title]) => title)];
    const choice = make('select', 'input', {
      change: () => apply(known[choice.selectedIndex - 1]?.[1] ?? {})
    });
    choice.append(...options.map(title => make('option', '', {}, title)));
    return make('label', 'preset', {}, 'Preset', choice);
  }

  function build() {
    fields.clear();
    groups.clear();
    body.replaceChildren();
    for (const [name, property] of Object.entries(schema.properties)) {
      const made = field(name, property, choicesOf(name), value => change(name, value));
      fields.set(name, made);
      groupOf(property['x-group']).append(made.element);
    }
    showValues();
  }

  function choicesOf(name) {
    const reference = schema.properties[name]['x-reference'];
    return !reference || ['name', 'file', 'secret'].includes(reference)
      ? undefined
      : (model.get('choices')[name] ?? []);
  }

  function groupOf(title) {
    if (!title) {
      return body;
    }
    if (!groups.has(title)) {
      const group = make('details', 'group', {}, make('summary', '', {}, title));
      groups.set(title, group);
      body.append(group);
    }
    return groups.get(title);
  }

  function showValues() {
    for (const [name, made] of fields) {
      made.write(given(name));
    }
  }

  function showReadiness() {
    const readiness = model.get('readiness');
    const checking = !sameValues(readiness.values, model.get('values'));
    const problems = new Map(
      (readiness.fields ?? []).map(problem => [problem.name.split('.')[0], problem.message])
    );
    for (const [name, made] of fields) {
      made.complain(problems.get(name) ?? '');
      if (problems.has(name)) {
        made.element.closest('details')?.setAttribute('open', '');
      }
    }
    element.dataset.ready = checking ? 'unknown' : String(readiness.ready);
    say(status, checking ? 'Checking …' : readiness.ready ? '✓ Ready' : '✗ Not ready');
    const checks = (readiness.checks ?? []).filter(check => check.status !== 'ok');
    const told = checks.some(check => check.status === 'blocked');
    const list = [
      ...(told
        ? []
        : [...problems].map(([name, message]) => make('li', '', {}, `✗ ${name}: ${message}`))),
      ...checks.map(checkItem),
      ...estimates(readiness).map(text => make('li', 'estimate', {}, text))
    ];
    reasons.replaceChildren(...list);
    run.disabled = !checking && !readiness.ready;
  }

  function checkItem(check) {
    const mend = check.mend;
    const parameters = mend?.parameters;
    return make(
      'li',
      '',
      {},
      `${SIGNS[check.status] ?? '?'} ${check.sentence}`,
      mend ? make('div', 'hint', {}, mend.sentence ?? '') : null,
      mend?.command ? make('code', 'command', {}, mend.command) : null,
      parameters
        ? make(
            'button',
            'button',
            { type: 'button', click: () => apply(parameters) },
            mendName(parameters)
          )
        : null
    );
  }

  function apply(parameters) {
    Object.entries(parameters).forEach(([name, value]) => change(name, value));
    showValues();
    save();
  }

  function showTrouble() {
    const told = model.get('trouble');
    trouble.replaceChildren(...(told.message ? [troubleBox(told)] : []));
    if (told.message) {
      say(status, '');
    }
  }

  const close = follow(model, {
    'change:readiness': showReadiness,
    'change:choices': build,
    'change:values': showValues,
    'change:trouble': showTrouble
  });
  build();
  showReadiness();
  showTrouble();
  return { element, close };
}

/** Whether an answer is about the values that are shown: one may have typed since. */
function sameValues(answered, shown) {
  const names = Object.keys(answered ?? {});
  return (
    answered !== undefined &&
    names.length === Object.keys(shown).length &&
    names.every(name => JSON.stringify(answered[name]) === JSON.stringify(shown[name]))
  );
}

function mendName(parameters) {
  return `Set ${Object.entries(parameters)
    .map(([name, value]) => `${name} to ${value === null ? 'none' : String(value)}`)
    .join(', ')}`;
}

/** What the run will take, as far as it is known. */
function estimates(readiness) {
  const { memory, seconds, steps } = readiness.estimate ?? {};
  const gigabytes = bytes => `${(bytes / 1e9).toPrecision(2)} GB`;
  return [
    memory?.total ? `${gigabytes(memory.bytes)} of ${gigabytes(memory.total)} memory` : '',
    seconds ? `about ${duration(seconds.value)}` : '',
    steps ? `${steps} steps` : '',
    readiness.queue?.ahead ? `${readiness.queue.ahead} ahead in the queue` : ''
  ].filter(Boolean);
}

function duration(seconds) {
  return seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
