import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { JSONValue } from '@lumino/coreutils';
import * as React from 'react';

import type { ArtifactDetail, Envelope } from '../api';
import { Problem, Progress } from '../components';
import type { ArtifactModel } from './model';
import { Rendered } from './rendered';

/** The statement that was signed, and its envelope to be saved. */
export function Attestation(props: {
  model: ArtifactModel;
  detail: ArtifactDetail;
  rendermime: IRenderMimeRegistry;
}): React.JSX.Element {
  const { detail, model, rendermime } = props;
  const { api, trans } = model.workbench;
  const { attestation: state } = model;
  switch (state.kind) {
    case 'loading':
      return <Progress label={trans.__('Asking the server…')} fraction={null} />;
    case 'failed':
      return <Problem problem={state.problem} trans={trans} />;
    case 'ready':
      return (
        <>
          <p className="jp-ModelOps-quiet">
            {trans.__(
              'This statement was signed: who made which files, from what. It is an in-toto statement with SLSA provenance.'
            )}{' '}
            <a
              className="jp-ModelOps-reference"
              href={api.artifactUrl(detail.ref, 'attestation')}
              download={`${detail.name}-${detail.version}.attestation.json`}
            >
              {trans.__('Save the envelope (DSSE)')}
            </a>
          </p>
          <Statement envelope={state.value} rendermime={rendermime} />
        </>
      );
  }
}

function Statement(props: {
  envelope: Envelope;
  rendermime: IRenderMimeRegistry;
}): React.JSX.Element {
  const { envelope, rendermime } = props;
  // The same object each time, so that the tree stays as it was unfolded.
  const signed = React.useMemo(() => statement(envelope), [envelope]);
  return <Rendered rendermime={rendermime} type="application/json" data={signed} />;
}

/** What an envelope's payload says; its text where that is not JSON. */
export function statement(envelope: Envelope): JSONValue {
  const bytes = Uint8Array.from(atob(envelope.payload), letter => letter.charCodeAt(0));
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text) as JSONValue;
  } catch {
    return text;
  }
}
