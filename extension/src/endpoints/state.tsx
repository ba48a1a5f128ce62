import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { EndpointState } from '../api';
import { endpointMark, endpointStateName } from './states';

/** An endpoint's state as a mark with its word, which can be left to those who cannot see the mark. */
export function StateWord(props: {
  state: EndpointState;
  trans: TranslationBundle;
  short?: boolean;
}): React.JSX.Element {
  const { short, state, trans } = props;
  const [mark, mood] = endpointMark(state);
  const name = endpointStateName(state, trans);
  return (
    <span className="jp-ModelOps-state" data-mood={mood} data-state={state} title={name}>
      <span aria-hidden="true">{mark}</span>{' '}
      <span className={short ? 'jp-ModelOps-unseen' : ''}>{name}</span>
    </span>
  );
}
