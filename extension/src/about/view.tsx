import { TranslationBundle } from '@jupyterlab/translation';
import { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Health, NOT_INSTALLED, ProblemError, UNREACHABLE } from '../api';
import { Mood, Status } from '../components';
import { AboutModel, ServerState } from './model';

/** The body of the About dialog. */
export class AboutView extends VDomRenderer<AboutModel> {
  constructor(
    model: AboutModel,
    private readonly trans: TranslationBundle
  ) {
    super(model);
    this.addClass('jp-ModelOps-About');
  }

  protected override render(): React.JSX.Element {
    const { version, server, mismatched } = this.model;
    return (
      <>
        <dl className="jp-ModelOps-facts">
          <dt>{this.trans.__('Front end')}</dt>
          <dd>{version}</dd>
          <dt>{this.trans.__('Server extension')}</dt>
          <dd>{server.kind === 'answered' ? server.health.version : '—'}</dd>
          {server.kind === 'answered' && (
            <>
              <dt>{this.trans.__('State')}</dt>
              <dd>{server.health.state_home}</dd>
            </>
          )}
        </dl>
        <Status {...describe(server, mismatched, this.trans)} />
      </>
    );
  }
}

interface IStatus {
  mood: Mood;
  sentence: string;
  hint: string;
}

function describe(server: ServerState, mismatched: boolean, trans: TranslationBundle): IStatus {
  switch (server.kind) {
    case 'asking':
      return { mood: 'waiting', sentence: trans.__('Asking the server…'), hint: '' };
    case 'failed':
      return { mood: 'bad', ...explain(server.error, trans) };
    case 'answered':
      return mismatched
        ? {
            mood: 'warning',
            sentence: trans.__('The page and the server are of different versions.'),
            hint: trans.__('Restart the Jupyter server and reload this page.')
          }
        : judge(server.health, trans);
  }
}

function judge(health: Health, trans: TranslationBundle): IStatus {
  if (health.disk_full) {
    return {
      mood: 'warning',
      sentence: trans.__('The disk is full: what is there can be read, but nothing can be stored.'),
      hint: trans.__(
        'Free some space where %1 is; what waits then goes on by itself.',
        health.state_home
      )
    };
  }
  return health.state_home_writable
    ? { mood: 'good', sentence: trans.__('The server is ready.'), hint: '' }
    : {
        mood: 'warning',
        sentence: trans.__('The server cannot write to its state folder: nothing can be run.'),
        hint: trans.__(
          'Make %1 writable, or point MODELOPS_HOME at another folder.',
          health.state_home
        )
      };
}

function explain(error: ProblemError, trans: TranslationBundle): Omit<IStatus, 'mood'> {
  switch (error.code) {
    case UNREACHABLE:
      return {
        sentence: trans.__('The Jupyter server does not answer.'),
        hint: trans.__('See whether it still runs, then try again.')
      };
    case NOT_INSTALLED:
      return {
        sentence: trans.__('The server extension is not loaded.'),
        hint: trans.__(
          'Install jupyterlab-modelops where the Jupyter server runs, and see what “jupyter server extension list” says.'
        )
      };
    default:
      return { sentence: error.message, hint: error.hint };
  }
}
