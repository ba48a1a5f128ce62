/** DOM elements made of text and attributes alone: nothing that a notebook or a model says is ever parsed as HTML. */

const PREFIX = 'jp-ModelOpsWidget';
const SVG = 'http://www.w3.org/2000/svg';

let count = 0;

/** An id that no other element of the page has; labels and descriptions need one. */
export function newId() {
  count += 1;
  return `${PREFIX}-${Math.random().toString(36).slice(2, 8)}-${count}`;
}

/** An element with a class of ours, attributes (functions are listeners), and children (elements or text). */
export function make(tag, name, attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (name) {
    element.className = `${PREFIX}-${name}`;
  }
  return dress(element, attributes, children);
}

/** The same for SVG. */
export function draw(tag, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, tag), attributes, children);
}

function dress(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(key, value);
    } else if (typeof value === 'boolean') {
      element.toggleAttribute(key, value);
    } else if (value !== null && value !== undefined) {
      element.setAttribute(key, String(value));
    }
  }
  element.append(
    ...children.filter(child => child !== null && child !== undefined && child !== '')
  );
  return element;
}

/** Change an element's text only where it differs, so that a screen reader is not told the same again. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** What went wrong, and what to do about it. */
export function troubleBox(trouble) {
  return make(
    'div',
    'trouble',
    { role: 'alert' },
    make('strong', '', {}, trouble.message),
    trouble.hint ? make('div', 'hint', {}, trouble.hint) : null
  );
}

/** Call listeners, by the event that each is for, until the function that is returned is called. */
export function follow(model, listeners) {
  Object.entries(listeners).forEach(([event, listener]) => model.on(event, listener));
  return () => Object.entries(listeners).forEach(([event, listener]) => model.off(event, listener));
}
