import { jumpBackIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Ago, Status } from '../components';
import { bytes } from '../format';
import { Aliases } from './aliases';
import { Badge } from './badge';
import { kindIcon, kindName } from './kinds';
import type { ArtifactModel } from './model';
import { MadeBy, Provenance } from './provenance';

/** What the artifact is called and is, whether it is what was signed, and what can be done with it. */
export function Header(props: {
  model: ArtifactModel;
  detail: ArtifactDetail;
  id: string;
}): React.JSX.Element {
  const { detail, id, model } = props;
  const { trans } = model.workbench;
  const Icon = kindIcon(detail.kind);
  const provenance = `${id}-provenance`;
  return (
    <header>
      <div className="jp-ModelOps-headline">
        {model.hasPast && (
          <button
            className="jp-ModelOps-plain"
            aria-label={trans.__('Back')}
            title={trans.__('Back')}
            onClick={() => {
              model.back();
            }}
          >
            <jumpBackIcon.react tag="span" />
          </button>
        )}
        <Icon.react tag="span" className="jp-ModelOps-icon" />
        <h2>
          {detail.name}
          <span className="jp-ModelOps-version">@{detail.version}</span>
        </h2>
        <Versions model={model} detail={detail} />
        <Badge
          check={model.check}
          expanded={model.explained}
          controls={provenance}
          trans={trans}
          toggle={() => {
            model.explain(!model.explained);
          }}
        />
      </div>
      <p className="jp-ModelOps-quiet">
        {kindName(detail.kind, trans)} · {bytes(detail.size)} ·{' '}
        <Ago time={detail.created} trans={trans} />
        {' · '}
        {trans.__('made by')} <MadeBy model={model} detail={detail} />
      </p>
      {detail.rejected.length > 0 && (
        <Status
          mood="bad"
          sentence={trans.__('Rejected: it did not pass the gate of the job that made it.')}
        >
          <ul>
            {detail.rejected.map(reason => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </Status>
      )}
      <Aliases key={detail.digest} model={model} detail={detail} />
      <Actions model={model} detail={detail} />
      {model.explained && <Provenance id={provenance} model={model} detail={detail} />}
    </header>
  );
}

/** The other versions of the same name. */
function Versions(props: {
  model: ArtifactModel;
  detail: ArtifactDetail;
}): React.JSX.Element | null {
  const { detail, model } = props;
  const { trans } = model.workbench;
  return detail.versions.length < 2 ? null : (
    <select
      className="jp-mod-styled"
      aria-label={trans.__('Version')}
      value={detail.version}
      onChange={event => {
        model.show(`${detail.name}@${event.target.value}`);
      }}
    >
      {detail.versions.map(({ aliases, version }) => (
        <option key={version} value={version}>
          {[trans.__('Version %1', version), ...aliases].join(' · ')}
        </option>
      ))}
    </select>
  );
}

function Actions(props: { model: ArtifactModel; detail: ArtifactDetail }): React.JSX.Element {
  const { detail, model } = props;
  const { trans } = model.workbench;
  const servable = detail.kind === 'model' || detail.kind === 'adapter';
  const { check, steps } = model;
  return (
    <div className="jp-ModelOps-actions" role="group" aria-label={trans.__('Actions')}>
      {check.kind !== 'refused' &&
        steps.map((step, index) => (
          <button
            key={step.template}
            className={index === 0 ? 'jp-mod-styled jp-mod-accept' : 'jp-mod-styled'}
            onClick={() => {
              model.take(step);
            }}
          >
            {trans.__('%1…', step.title)}
          </button>
        ))}
      {check.kind !== 'refused' && servable && (
        <button
          className="jp-mod-styled"
          onClick={() => {
            model.workbench.open('serve', { ref: detail.ref });
          }}
        >
          {trans.__('Serve…')}
        </button>
      )}
      {check.kind !== 'refused' && detail.kind === 'index' && (
        <button
          className="jp-mod-styled jp-mod-accept"
          onClick={() => {
            model.workbench.open('ask', { ref: detail.ref });
          }}
        >
          {trans.__('Search and ask')}
        </button>
      )}
      <button
        className="jp-mod-styled"
        disabled={check.kind === 'checking'}
        onClick={() => void model.verify()}
      >
        {check.kind === 'checking' ? trans.__('Verifying…') : trans.__('Verify')}
      </button>
      {check.kind !== 'refused' && (
        <button
          className="jp-mod-styled"
          disabled={check.kind === 'checking'}
          title={trans.__(
            'Save all files with the attestation and the key as a .tar, verified first'
          )}
          onClick={() => void model.export()}
        >
          {trans.__('Export')}
        </button>
      )}
    </div>
  );
}
