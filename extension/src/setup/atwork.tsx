import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Progress } from '../components';
import type { Adding } from './adding';

/** Something that is being added: how far it is, and a way to stop it. */
export function AtWork(props: { adding: Adding; trans: TranslationBundle }): React.JSX.Element {
  const { adding, trans } = props;
  const { task } = adding;
  const text = task?.progress.text ?? '';
  return (
    <div className="jp-ModelOps-atwork" role="status" aria-live="polite">
      <div>
        {trans.__('Adding %1…', task?.name ?? '')} {text}
      </div>
      <Progress label={trans.__('Adding')} fraction={task?.progress.fraction ?? null} />
      <button type="button" className="jp-mod-styled" onClick={() => void adding.cancel()}>
        {trans.__('Cancel')}
      </button>
    </div>
  );
}
