import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyJSONObject, Token } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';
import type { ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';
import type * as React from 'react';

import type { Api, Artifact, Readiness, Submission, Template, Values } from './api';
import type { Preferences } from './workbench/preferences';

/** What all panels share. */
export interface IWorkbench {
  readonly api: Api;
  /** The files below the server's root. */
  readonly contents: Contents.IManager;
  readonly trans: TranslationBundle;
  /** What the user has chosen in JupyterLab's settings. */
  readonly preferences: Preferences;

  /** Emitted when a job's state has changed, with its id, or with `null` when that may have happened unheard. */
  readonly jobsChanged: ISignal<IWorkbench, string | null>;

  /** Register how panels of one kind are made; the command `modelops:open-KIND` then opens them. */
  addPanel<K extends keyof IPanelArguments>(
    kind: K,
    options: IPanelOptions<IPanelArguments[K]>
  ): void;

  /** Open a panel, or bring the one that shows the same to the front. */
  open<K extends keyof IPanelArguments>(kind: K, args: IPanelArguments[K]): void;

  /** What the set-up panel shows beside the form, by the kind of template, such as `train`. */
  readonly previews: ReadonlyMap<string, Preview>;

  /** Register the preview for templates of one kind. */
  addPreview(kind: string, preview: Preview): IDisposable;
}

export const IWorkbench = new Token<IWorkbench>(
  'jupyterlab-modelops:IWorkbench',
  'Opens the panels of ModelOps, and adds previews to the panel that sets up a run.'
);

/** The kinds of panels, and what each is opened with. Interfaces have no index signature, which JSON needs. */
// eslint-disable-next-line @typescript-eslint/consistent-type-definitions
export type IPanelArguments = {
  /**
   * A run, from its form to its result: the form of a template, of a notebook below the server's root, or of a job again,
   * with changes to its parameters and limits (`options`); or a job as it runs or ran.
   */
  run: {
    template?: string;
    notebook?: string;
    again?: string;
    changes?: Values;
    options?: Values;
    job?: string;
  };
  jobs: { search?: string };
  comparison: { jobs: string[] };
  endpoints: Record<string, never>;
  /** The form that serves a model or an adapter (`ref`), as far as it is filled in (`form`); or the endpoint that it became. */
  serve: { ref?: string; form?: Values; endpoint?: string };
  artifacts: { kind?: string };
  artifact: { ref: string; tab?: string };
  'artifact-comparison': { artifacts: string[] };
  /** One to four names that the OpenAI API knows; none lets choose. */
  chat: { endpoints?: string[] };
  /** The index that is searched and asked; none lets choose. */
  ask: { ref?: string };
};

export interface IPanelOptions<A extends ReadonlyJSONObject> {
  /** What the command that opens the panel is called. */
  readonly label: string;
  /** JSON Schema of the panel's arguments. */
  readonly schema: ReadonlyJSONObject;
  /** Whether the command stands in the palette, which calls it without arguments. */
  readonly palette: boolean;
  /** Panels of the same key show the same: a second one is not opened. */
  readonly key: (args: A) => string;
  readonly create: (args: A) => Promise<IPanelContent<A>>;
}

/** The content of a panel in the main area; its title is the tab's. */
export interface IPanelContent<A extends ReadonlyJSONObject> extends Widget {
  /** What a panel would be opened with to show what this one shows now. */
  readonly args: A;
  /** Emitted when `args` have changed, so that the right thing is restored after a reload. */
  readonly argsChanged?: ISignal<unknown, void>;
}

/** A view that follows the form's values. */
export type Preview = React.ComponentType<IPreviewProps>;

export interface IPreviewProps {
  readonly template: Template;
  readonly values: Values;
  /** The registered artifact that each parameter names which is to name one; `null` while it names none. */
  readonly inputs: Readonly<Record<string, Artifact | null>>;
  /** What would be submitted; `null` while the form knows that it would be refused. */
  readonly submission: Submission | null;
  /** What the server says of these values, once it has said it. */
  readonly readiness: Readiness | null;
  readonly workbench: IWorkbench;
}
