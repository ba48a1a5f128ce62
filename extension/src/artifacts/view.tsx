import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { ArtifactDetail } from '../api';
import { Problem, Progress } from '../components';
import { LineageView } from '../lineage/view';
import { Attestation } from './attestation';
import { Files } from './files';
import { Header } from './header';
import { ArtifactModel, Tab } from './model';
import { Overview } from './overview';
import { Tabs } from './tabs';

/** One artifact: what it is, its files, where it came from, and what was signed. */
export class ArtifactView extends VDomRenderer<ArtifactModel> {
  constructor(
    model: ArtifactModel,
    private readonly rendermime: IRenderMimeRegistry
  ) {
    super(model);
    this.addClass('jp-ModelOps-Artifact');
  }

  protected override render(): React.JSX.Element {
    const { detail, ref, workbench } = this.model;
    const { trans } = workbench;
    switch (detail.kind) {
      case 'loading':
        return <Progress label={trans.__('Asking the server about %1…', ref)} fraction={null} />;
      case 'failed':
        return (
          <Problem problem={detail.problem} trans={trans} again={() => void this.model.refresh()} />
        );
      case 'ready':
        return this.describe(detail.value);
    }
  }

  private describe(detail: ArtifactDetail): React.JSX.Element {
    const { model } = this;
    const { trans } = model.workbench;
    const names: Record<Tab, string> = {
      overview: trans.__('Overview'),
      files: trans.__('Files (%1)', detail.files.length),
      lineage: trans.__('Lineage'),
      attestation: trans.__('Attestation')
    };
    return (
      <>
        <Header model={model} detail={detail} id={this.id} />
        <Tabs
          id={this.id}
          label={trans.__('About %1', detail.ref)}
          names={names}
          shown={model.tab}
          show={tab => {
            model.open(tab);
          }}
        >
          {this.page(detail)}
        </Tabs>
      </>
    );
  }

  private page(detail: ArtifactDetail): React.JSX.Element {
    const { model, rendermime } = this;
    switch (model.tab) {
      case 'overview':
        return <Overview model={model} detail={detail} rendermime={rendermime} />;
      case 'files':
        return <Files model={model} detail={detail} />;
      case 'lineage':
        return (
          <LineageView
            state={model.lineage}
            workbench={model.workbench}
            show={ref => {
              model.show(ref);
            }}
          />
        );
      case 'attestation':
        return <Attestation model={model} detail={detail} rendermime={rendermime} />;
    }
  }
}
