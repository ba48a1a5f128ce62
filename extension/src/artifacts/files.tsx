import { downloadIcon } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Problem, Progress } from '../components';
import { bytes } from '../format';
import { Digest } from './digest';
import { ArtifactModel, fileName } from './model';

/** The files, each with its size and digest, to be saved one by one. */
export function Files(props: { model: ArtifactModel; detail: ArtifactDetail }): React.JSX.Element {
  const { detail, model } = props;
  const { api, trans } = model.workbench;
  return (
    <>
      {model.saving !== null && (
        <Progress label={trans.__('Reading every byte of %1…', model.saving)} fraction={null} />
      )}
      {model.saveProblem && <Problem problem={model.saveProblem} trans={trans} />}
      <table className="jp-ModelOps-grid" aria-label={trans.__('Files')}>
        <thead>
          <tr>
            <th scope="col">{trans.__('File')}</th>
            <th scope="col" className="jp-ModelOps-quantity">
              {trans.__('Size')}
            </th>
            <th scope="col">{trans.__('SHA-256')}</th>
          </tr>
        </thead>
        <tbody>
          {detail.files.map(({ path, sha256, size }) => (
            <tr key={path}>
              <td>
                <a
                  className="jp-ModelOps-reference"
                  href={api.artifactUrl(detail.ref, 'files', ...path.split('/'))}
                  download={fileName(path)}
                  onClick={event => {
                    event.preventDefault();
                    void model.save(path);
                  }}
                  title={trans.__('Save %1, verified first', path)}
                >
                  <downloadIcon.react tag="span" className="jp-ModelOps-icon" />
                  {path}
                </a>
              </td>
              <td className="jp-ModelOps-quantity">{bytes(size)}</td>
              <td>
                <Digest value={sha256} trans={trans} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
