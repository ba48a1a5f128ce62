import { make } from './elements.js';

/** What a model said, as elements made of its text: code and bold words; all else stands there as it was written. */

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const SPAN = /(?<!`)`([^`]+)`(?!`)|\*\*(?! )([^*]+)(?<! )\*\*/g;

/** @returns Elements, one for each block; a block of code that has not ended yet goes to the end. */
export function prose(text) {
  return blocks(text.split(/\r\n|\r|\n/))
    .map(({ code, lines }) => ({ code, content: lines.join('\n') }))
    .filter(({ code, content }) => code || content.trim() !== '')
    .map(({ code, content }) =>
      code
        ? make('pre', 'card', { tabindex: 0, 'aria-label': 'Code' }, make('code', '', {}, content))
        : make('div', 'said', {}, ...spans(content.replace(/^\n+|\s+$/g, '')))
    );
}

function blocks(lines) {
  const found = [{ code: false, lines: [] }];
  let fence = '';
  for (const line of lines) {
    const bare = line.trim();
    if (fence === '' && FENCE.test(line)) {
      fence = FENCE.exec(line)[1];
      found.push({ code: true, lines: [] });
    } else if (
      fence !== '' &&
      bare.length >= fence.length &&
      bare === fence[0].repeat(bare.length)
    ) {
      fence = '';
      found.push({ code: false, lines: [] });
    } else {
      found.at(-1).lines.push(line);
    }
  }
  return found;
}

function spans(text) {
  const parts = [];
  let end = 0;
  for (const span of text.matchAll(SPAN)) {
    const [whole, code, bold] = span;
    parts.push(text.slice(end, span.index));
    parts.push(code === undefined ? make('strong', '', {}, bold) : make('code', '', {}, code));
    end = span.index + whole.length;
  }
  return [...parts, text.slice(end)];
}
