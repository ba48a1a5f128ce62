import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';

import { measured } from '../format';
import type { IColumn } from './keeping';
import { answerOf, conversation, IAnswer, ITurn } from './turns';

interface ICell {
  readonly cell_type: 'markdown' | 'code';
  readonly id: string;
  readonly metadata: object;
  readonly source: string;
}

/** A notebook of what was said, which ends with a cell that asks the last prompt again. */
export function notebookOf(
  turns: readonly ITurn[],
  columns: readonly IColumn[],
  trans: TranslationBundle
): object {
  const last = columns.flatMap(({ id, model }) => {
    const turn = turns.at(-1);
    const answer = turn && answerOf(turn, id);
    return turn && answer ? [{ id, model, prompt: turn.prompt, answer }] : [];
  });
  const asked = last.map(({ answer, id, model, prompt }) => ({
    model,
    messages: conversation(answer.system, turns.slice(0, -1), id, prompt),
    ...answer.sampling
  }));
  const cells = [
    markdown(`# ${trans.__('Chat with %1', columns.map(({ model }) => model).join(', '))}`),
    ...turns.flatMap((turn, index) => [
      markdown(`## ${trans.__('Prompt %1', index + 1)}\n\n${fenced(turn.prompt)}`),
      ...columns.flatMap(({ id }) => {
        const answer = answerOf(turn, id);
        return answer ? [markdown(told(answer, trans))] : [];
      })
    ]),
    code(python(asked))
  ];
  return {
    nbformat: 4,
    nbformat_minor: 5,
    metadata: {
      kernelspec: { name: 'python3', display_name: 'Python 3', language: 'python' },
      language_info: { name: 'python' },
      // Not below "modelops": that says what a template is.
      modelops_chat: {
        answered: last.map(({ answer }) => ({
          model: answer.model.id,
          ref: answer.model.ref,
          digest: answer.model.digest,
          engine: answer.model.engine,
          system: answer.system,
          settings: answer.sampling
        }))
      }
    },
    cells
  };
}

function told(answer: IAnswer, trans: TranslationBundle): string {
  const { model, tokens, tokensPerSecond } = answer;
  const facts = [
    model.ref,
    ...(tokens === null ? [] : [trans._n('%1 token', '%1 tokens', tokens)]),
    ...(tokensPerSecond === null ? [] : [trans.__('%1 tokens/s', measured(tokensPerSecond))])
  ].filter(Boolean);
  const text = answer.failure ? answer.failure.message : answer.text;
  return `**${model.id}** (${facts.join(', ')})\n\n${fenced(text)}`;
}

/**
 * Text as it is. What a model wrote is not left to be rendered: a notebook loads the pictures in its cells, and their
 * addresses could tell somebody what was said.
 */
export function fenced(text: string): string {
  const runs = [...text.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(2, ...runs) + 1);
  return `${fence}text\n${text}\n${fence}`;
}

/** Python that asks all models again; JSON of texts and numbers is Python, too. */
function python(asked: readonly object[]): string {
  return `import httpx
from modelops.client.discovery import candidates

CHATS = ${JSON.stringify(asked, null, 4)}

server = next(candidates())  # the Jupyter server that runs this notebook
with httpx.Client(
    base_url=server.url + "modelops/openai/v1/",
    headers={"Authorization": f"token {server.token}"},
    timeout=600,
    trust_env=not server.local,
) as client:
    for chat in CHATS:
        answer = client.post("chat/completions", json=chat).json()
        print(f"--- {chat['model']}")
        print(answer["error"]["message"] if "error" in answer else answer["choices"][0]["message"]["content"])`;
}

function markdown(source: string): ICell {
  return { cell_type: 'markdown', id: cellId(), metadata: {}, source };
}

function code(source: string): object {
  return {
    cell_type: 'code',
    id: cellId(),
    metadata: {},
    source,
    execution_count: null,
    outputs: []
  };
}

function cellId(): string {
  return UUID.uuid4().slice(0, 8);
}
