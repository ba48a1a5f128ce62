import { make, newId, say } from './elements.js';

/** Inputs for the parameters of a template, made from their JSON Schema. */

/**
 * A labelled input.
 *
 * @param choices - References that can be chosen, or undefined.
 * @param change - Called with the new value when a person changes it; `undefined` means the default.
 */
export function field(name, schema, choices, change) {
  const id = newId();
  const about = make('div', 'hint', { id: `${id}-about` }, schema.description ?? '');
  const problem = make('div', 'problem', { id: `${id}-problem` });
  const control = controlFor(schema, choices);
  control.input.id = id;
  control.input.setAttribute('aria-describedby', `${about.id} ${problem.id}`);
  control.input.addEventListener(control.event, () => change(control.read()));
  const label = make('label', 'label', { for: id, title: name }, schema.title ?? name);
  return {
    element: make('div', 'field', {}, label, control.input, about, problem),
    write: control.write,
    complain(message) {
      say(problem, message);
      control.input.setAttribute('aria-invalid', String(Boolean(message)));
    }
  };
}

function controlFor(schema, choices) {
  const inner = schema.anyOf?.find(each => each.type !== 'null') ?? schema;
  const empty = schema.anyOf?.some(each => each.type === 'null') ?? false;
  const options = inner.enum ?? (inner.const === undefined ? undefined : [inner.const]);
  if (options) {
    return select(empty ? [null, ...options] : options);
  }
  if (inner.type === 'boolean') {
    return checkbox();
  }
  if (inner.type === 'array') {
    return text(
      value => list(value, inner.items ?? {}),
      value => (value ?? []).join(', ')
    );
  }
  if (inner.type === 'integer' || inner.type === 'number') {
    return number(inner, empty);
  }
  if (choices) {
    return select(empty ? [null, ...choices] : choices);
  }
  return text(
    value => (value === '' && empty ? null : value),
    value => value ?? ''
  );
}

function select(options) {
  const input = make('select', 'input');
  const words = value => (value === null ? '(none)' : String(value));
  const known = [];
  const add = value => {
    known.push(value);
    input.append(make('option', '', { value: String(known.length - 1) }, words(value)));
  };
  options.forEach(add);
  return {
    input,
    event: 'change',
    read: () => known[Number(input.value)],
    write(value) {
      if (!known.includes(value)) {
        add(value ?? ''); // such as an exact version, or one that is not there any more
      }
      input.value = String(known.indexOf(value ?? (known.includes(null) ? null : '')));
    }
  };
}

function checkbox() {
  const input = make('input', 'checkbox', { type: 'checkbox' });
  return {
    input,
    event: 'change',
    read: () => input.checked,
    write(value) {
      input.checked = Boolean(value);
    }
  };
}

function number(schema, empty) {
  const input = make('input', 'input', {
    type: 'number',
    step: schema.type === 'integer' ? 1 : 'any',
    min: schema.minimum ?? schema.exclusiveMinimum,
    max: schema.maximum ?? schema.exclusiveMaximum,
    placeholder: empty ? '(none)' : null
  });
  return {
    input,
    event: 'input',
    // What is no number goes to the server as it is, whose answer says what is wrong.
    read: () =>
      input.value === '' ? (empty && !input.validity.badInput ? null : '') : Number(input.value),
    write(value) {
      const shown = value === null || value === undefined ? '' : String(value);
      if (shown === '' || Number(input.value) !== Number(shown) || input.value === '') {
        input.value = shown;
      }
    }
  };
}

function text(read, words) {
  const input = make('input', 'input', { type: 'text', spellcheck: 'false', autocomplete: 'off' });
  return {
    input,
    event: 'input',
    read: () => read(input.value),
    write(value) {
      if (JSON.stringify(read(input.value)) !== JSON.stringify(value)) {
        input.value = words(value);
      }
    }
  };
}

/** Items between commas; numbers where the schema wants numbers. */
function list(value, items) {
  const parts = value.split(',').map(part => part.trim());
  const kept = parts.filter(part => part !== '');
  const numeric = items.type === 'number' || items.type === 'integer';
  return numeric ? kept.map(part => (Number.isNaN(Number(part)) ? part : Number(part))) : kept;
}
