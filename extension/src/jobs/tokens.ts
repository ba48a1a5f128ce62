import { Token } from '@lumino/coreutils';

import type { JobsFeed } from './feed';

/** The jobs at work and the newest that have ended. */
export type IJobsFeed = JobsFeed;

export const IJobsFeed = new Token<IJobsFeed>(
  'jupyterlab-modelops:IJobsFeed',
  'The jobs at work and the newest that have ended.'
);
