import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { isMeasured } from '../measures/columns';
import { Findings } from '../measures/findings';
import { WorstRows } from '../measures/worst';
import { facts } from './facts';
import type { ArtifactModel } from './model';
import { Reference } from './provenance';
import { Rendered } from './rendered';

/** What an artifact says of itself: its facts, and its model card. */
export function Overview(props: {
  model: ArtifactModel;
  detail: ArtifactDetail;
  rendermime: IRenderMimeRegistry;
}): React.JSX.Element {
  const { detail, model, rendermime } = props;
  const { trans } = model.workbench;
  const known = facts(detail.metadata, trans);
  return (
    <>
      {isMeasured(detail) && <Findings refs={[detail.ref]} workbench={model.workbench} />}
      {detail.kind === 'evaluation' && (
        <WorstRows key={detail.ref} evaluation={detail} workbench={model.workbench} />
      )}
      <div className="jp-ModelOps-overview">
        {known.length > 0 && (
          <dl className="jp-ModelOps-facts" aria-label={trans.__('Facts')}>
            {known.map(({ name, ref, value }) => (
              <React.Fragment key={name}>
                <dt>{name}</dt>
                <dd>{ref === undefined ? value : <Reference model={model} artifact={ref} />}</dd>
              </React.Fragment>
            ))}
          </dl>
        )}
        {detail.card === null ? (
          <p className="jp-ModelOps-quiet">
            {detail.files.some(({ path }) => path === 'README.md')
              ? trans.__('Its README.md is not shown: it is not what was signed, or very long.')
              : trans.__('It brings no README.md.')}
          </p>
        ) : (
          <article className="jp-ModelOps-card" aria-label={trans.__('README.md')}>
            <Rendered rendermime={rendermime} type="text/markdown" data={body(detail.card)} />
          </article>
        )}
      </div>
    </>
  );
}

/** A model card without the YAML at its head, which is for machines. */
export function body(card: string): string {
  return card.replace(/^---\r?\n[^]*?\r?\n---\r?\n/, '');
}
