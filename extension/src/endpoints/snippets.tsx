import * as React from 'react';

import type { Endpoint } from '../api';
import { Tabs } from '../artifacts/tabs';
import { Copyable } from '../components/copyable';
import type { EndpointModel } from './model';

type Language = 'curl' | 'python' | 'environment';

/** How programs reach the endpoint, to copy. */
export function Snippets(props: { model: EndpointModel; endpoint: Endpoint }): React.JSX.Element {
  const { endpoint, model } = props;
  const { trans, api } = model.workbench;
  const [language, speak] = React.useState<Language>('curl');
  const [chosen, choose] = React.useState(endpoint.name);
  const name = endpoint.model_names.includes(chosen) ? chosen : endpoint.name;
  const id = React.useId();
  return (
    <section aria-label={trans.__('Use it from a program')}>
      <div className="jp-ModelOps-row">
        <h3>{trans.__('Use it from a program')}</h3>
        {endpoint.model_names.length > 1 && (
          <select
            className="jp-mod-styled"
            aria-label={trans.__('Model name')}
            value={name}
            onChange={({ target }) => {
              choose(target.value);
            }}
          >
            {endpoint.model_names.map(one => (
              <option key={one} value={one}>
                {one}
              </option>
            ))}
          </select>
        )}
      </div>
      <Tabs
        id={id}
        label={trans.__('Language')}
        names={{
          curl: trans.__('curl'),
          python: trans.__('Python'),
          environment: trans.__('Environment variables')
        }}
        shown={language}
        show={speak}
      >
        <Copyable text={snippet(language, api.endpoints.openai, name)} trans={trans} />
      </Tabs>
      <p className="jp-ModelOps-help">
        {trans.__(
          'The key is one made below, which opens this endpoint alone, or the token of this Jupyter server.'
        )}
      </p>
    </section>
  );
}

/** What a program needs to reach the model `name` at `base`. */
export function snippet(language: Language, base: string, name: string): string {
  switch (language) {
    case 'curl':
      return `curl ${base}/chat/completions \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d '{"model": "${name}", "messages": [{"role": "user", "content": "Hello!"}]}'`;
    case 'python':
      return `from openai import OpenAI

client = OpenAI(base_url="${base}", api_key="YOUR-KEY")
answer = client.chat.completions.create(
    model="${name}",
    messages=[{"role": "user", "content": "Hello!"}],
)
print(answer.choices[0].message.content)`;
    case 'environment':
      return `export OPENAI_BASE_URL=${base}
export OPENAI_API_KEY=YOUR-KEY`;
  }
}
