import type { TranslationBundle } from '@jupyterlab/translation';
import {
  extensionIcon,
  fileIcon,
  LabIcon,
  listIcon,
  numberingIcon,
  spreadsheetIcon
} from '@jupyterlab/ui-components';

import type { ArtifactKind } from '../api';
import { modelOpsIcon } from '../icons';

/** In the order in which one is made from the other. */
export const KINDS: readonly ArtifactKind[] = [
  'dataset',
  'model',
  'adapter',
  'index',
  'evaluation',
  'report'
];

const ICONS: Record<ArtifactKind, LabIcon> = {
  dataset: spreadsheetIcon,
  model: modelOpsIcon,
  adapter: extensionIcon,
  index: listIcon,
  evaluation: numberingIcon,
  report: fileIcon
};

export function kindIcon(kind: ArtifactKind): LabIcon {
  return ICONS[kind];
}

/** What an artifact of this kind is called. */
export function kindName(kind: ArtifactKind, trans: TranslationBundle): string {
  const names: Record<ArtifactKind, string> = {
    dataset: trans.__('Dataset'),
    model: trans.__('Model'),
    adapter: trans.__('Adapter'),
    index: trans.__('Index'),
    evaluation: trans.__('Evaluation'),
    report: trans.__('Report')
  };
  return names[kind];
}

/** What several of this kind are called. */
export function kindsName(kind: ArtifactKind, trans: TranslationBundle): string {
  const names: Record<ArtifactKind, string> = {
    dataset: trans.__('Datasets'),
    model: trans.__('Models'),
    adapter: trans.__('Adapters'),
    index: trans.__('Indexes'),
    evaluation: trans.__('Evaluations'),
    report: trans.__('Reports')
  };
  return names[kind];
}
