import type { TranslationBundle } from '@jupyterlab/translation';
import {
  extensionIcon,
  fileIcon,
  LabIcon,
  notebookIcon,
  offlineBoltIcon,
  runIcon
} from '@jupyterlab/ui-components';

import type { ArtifactKind } from '../api';
import { kindIcon, kindName } from '../artifacts/kinds';
import type { INode, NodeKind } from './graph';

type OtherKind = Exclude<NodeKind, ArtifactKind>;

const ICONS: Record<OtherKind, LabIcon> = {
  job: runIcon,
  notebook: notebookIcon,
  package: extensionIcon,
  file: fileIcon,
  unknown: offlineBoltIcon
};

function other(kind: NodeKind): kind is OtherKind {
  return kind in ICONS;
}

export function nodeIcon(kind: NodeKind): LabIcon {
  return other(kind) ? ICONS[kind] : kindIcon(kind);
}

/** What a node stands for, in a word. */
export function nodeName(kind: NodeKind, trans: TranslationBundle): string {
  const names: Record<OtherKind, string> = {
    job: trans.__('Job'),
    notebook: trans.__('Notebook'),
    package: trans.__('Package'),
    file: trans.__('File'),
    unknown: trans.__('Artifact that is not here')
  };
  return other(kind) ? names[kind] : kindName(kind, trans);
}

/** Whether a node leads anywhere. */
export function leads(node: INode): boolean {
  return node.ref !== null || node.kind === 'job';
}
