import { make } from './elements.js';

/** Where something is written and sent. */

export function button(text, click) {
  return make('button', 'button', { type: 'button', click }, text);
}

/** A text area in a cell, where JupyterLab runs the cell with Shift+Enter and takes every line break for that. */
export function area(attributes, enter = null) {
  const made = make('textarea', 'input', {
    ...attributes,
    rows: 2,
    'data-lm-suppress-shortcuts': 'true',
    keydown(event) {
      // Enter also chooses among the signs that an input method offers.
      if (event.key !== 'Enter' || event.isComposing) {
        return;
      }
      event.preventDefault();
      if (enter && !event.shiftKey) {
        enter();
      } else {
        made.setRangeText('\n', made.selectionStart, made.selectionEnd, 'end');
        made.dispatchEvent(new Event('input'));
      }
    }
  });
  return made;
}
