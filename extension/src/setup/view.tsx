import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Problem } from '../components';
import type { SetupModel } from './model';

/** The form of a run. */
export class SetupView extends VDomRenderer<SetupModel> {
  protected override render(): React.JSX.Element {
    const { problem, template, workbench } = this.model;
    const { trans } = workbench;
    return (
      <>
        <h2>{this.model.title}</h2>
        {problem && <Problem problem={problem} trans={trans} />}
        {template && (
          <button className="jp-mod-styled jp-mod-accept" onClick={() => void this.model.run()}>
            {trans.__('Run')}
          </button>
        )}
      </>
    );
  }
}
