import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Problem } from '../components';
import type { ArtifactModel } from './model';

/** The aliases of this version, each with a way to remove it, and a place to type another. */
export function Aliases(props: {
  model: ArtifactModel;
  detail: ArtifactDetail;
}): React.JSX.Element {
  const { detail, model } = props;
  const { trans } = model.workbench;
  const [typed, setTyped] = React.useState<string | null>(null);
  const elsewhere = aliasesElsewhere(detail);
  const owner = typed === null ? undefined : elsewhere.get(typed.trim());
  const set = async (): Promise<void> => {
    const alias = typed?.trim() ?? '';
    if (alias !== '' && (await model.setAlias(alias))) {
      setTyped(null);
    }
  };
  return (
    <div className="jp-ModelOps-aliases" role="group" aria-label={trans.__('Aliases')}>
      {detail.aliases.map(alias => (
        <span key={alias} className="jp-ModelOps-alias">
          {alias}
          <button
            className="jp-ModelOps-plain"
            aria-label={trans.__('Remove alias %1', alias)}
            title={trans.__('Remove')}
            onClick={() => void model.removeAlias(alias)}
          >
            <closeIcon.react tag="span" />
          </button>
        </span>
      ))}
      {typed === null ? (
        <button
          className="jp-ModelOps-reference"
          onClick={() => {
            setTyped('');
          }}
        >
          {trans.__('Add alias…')}
        </button>
      ) : (
        <form
          onSubmit={event => {
            event.preventDefault();
            void set();
          }}
          onKeyDown={event => {
            if (event.key === 'Escape') {
              setTyped(null);
            }
          }}
        >
          <input
            className="jp-mod-styled"
            autoFocus
            aria-label={trans.__('Alias')}
            placeholder={trans.__('production')}
            list={`${detail.digest}-aliases`}
            value={typed}
            onChange={event => {
              setTyped(event.target.value);
            }}
          />
          <datalist id={`${detail.digest}-aliases`}>
            {[...elsewhere.keys()].map(alias => (
              <option key={alias} value={alias} />
            ))}
          </datalist>
          <button className="jp-mod-styled" type="submit" disabled={typed.trim() === ''}>
            {owner === undefined ? trans.__('Set') : trans.__('Move here from @%1', owner)}
          </button>
          <button
            className="jp-mod-styled"
            type="button"
            onClick={() => {
              setTyped(null);
            }}
          >
            {trans.__('Cancel')}
          </button>
        </form>
      )}
      {model.aliasProblem && <Problem problem={model.aliasProblem} trans={trans} />}
    </div>
  );
}

/** The aliases that mean another version of the same name, with that version. */
export function aliasesElsewhere(detail: ArtifactDetail): ReadonlyMap<string, number> {
  const others = detail.versions.filter(({ version }) => version !== detail.version);
  return new Map(
    others.flatMap(({ aliases, version }) => aliases.map(alias => [alias, version] as const))
  );
}
