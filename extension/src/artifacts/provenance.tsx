import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Ago } from '../components';
import { Outcome } from './badge';
import { Digest } from './digest';
import type { ArtifactModel } from './model';

/** Who made an artifact, from what, when and with which key, and whether it still is what was signed. */
export function Provenance(props: {
  id: string;
  model: ArtifactModel;
  detail: ArtifactDetail;
}): React.JSX.Element {
  const { detail, id, model } = props;
  const { trans } = model.workbench;
  return (
    <section id={id} className="jp-ModelOps-provenance" aria-label={trans.__('Provenance')}>
      <Outcome check={model.check} trans={trans} />
      <dl className="jp-ModelOps-facts">
        <dt>{trans.__('Signed with')}</dt>
        <dd>
          {detail.signer === null ? (
            trans.__('no key that is trusted here')
          ) : (
            <Digest value={detail.signer} trans={trans} />
          )}
        </dd>
        <dt>{trans.__('Made')}</dt>
        <dd>
          <Ago time={detail.created} trans={trans} />
        </dd>
        <dt>{trans.__('By')}</dt>
        <dd>
          <MadeBy model={model} detail={detail} />
        </dd>
        <dt>{trans.__('From')}</dt>
        <dd>
          <ul className="jp-ModelOps-inputs">
            {detail.dependencies.map(input => (
              <li key={`${input.name} ${input.digest}`}>
                <span className="jp-ModelOps-quiet">{input.name.replaceAll('_', ' ')}</span>{' '}
                <Input model={model} uri={input.uri} />{' '}
                <Digest value={input.digest} trans={trans} />
              </li>
            ))}
          </ul>
        </dd>
        <dt>{trans.__('Statement')}</dt>
        <dd>
          <Digest value={`sha256:${detail.digest}`} trans={trans} />
        </dd>
      </dl>
    </section>
  );
}

/** The job that made it, which leads to its panel, or that it was added by hand. */
export function MadeBy(props: { model: ArtifactModel; detail: ArtifactDetail }): React.JSX.Element {
  const { detail, model } = props;
  const { job } = detail;
  return job === null ? (
    <>{model.workbench.trans.__('an import')}</>
  ) : (
    <button
      className="jp-ModelOps-reference"
      onClick={() => {
        model.workbench.open('run', { job });
      }}
    >
      {job}
    </button>
  );
}

const ARTIFACT = 'modelops:artifact/';

/** An input by its URI; an artifact leads to itself. */
function Input({ model, uri }: { model: ArtifactModel; uri: string }): React.JSX.Element {
  return uri.startsWith(ARTIFACT) ? (
    <Reference model={model} artifact={uri.slice(ARTIFACT.length)} />
  ) : (
    <>{uri.replace(/^(modelops:template\/|file:)/, '')}</>
  );
}

/** The name of another artifact, which shows that one. */
export function Reference(props: { model: ArtifactModel; artifact: string }): React.JSX.Element {
  const { artifact, model } = props;
  return (
    <button
      className="jp-ModelOps-reference"
      onClick={() => {
        model.show(artifact);
      }}
    >
      {artifact}
    </button>
  );
}
