import { Token } from '@lumino/coreutils';

import type { EndpointsFeed } from './feed';

/** All endpoints, asked for while somebody watches. */
export type IEndpointsFeed = EndpointsFeed;

export const IEndpointsFeed = new Token<IEndpointsFeed>(
  'jupyterlab-modelops:IEndpointsFeed',
  'All endpoints, asked for while somebody watches.'
);
