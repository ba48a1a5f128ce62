import * as React from 'react';

import { Loaded, Resource } from '../loaded';

/** How long nothing is changed before the server is asked, in milliseconds. */
const PAUSE = 500;

/**
 * What the server answers to a question, asked when the changes to it pause.
 *
 * @param key - What the answer depends on; another one is another question. `null` while there is nothing to ask.
 */
export function useAnswer<T>(
  key: string | null,
  ask: () => Promise<T>,
  pause = PAUSE
): Loaded<T> | null {
  const [state, setState] = React.useState<Loaded<T> | null>(null);
  React.useEffect(() => {
    if (key === null) {
      setState(null);
      return;
    }
    const resource = new Resource(ask);
    resource.stateChanged.connect(() => {
      setState(resource.state);
    });
    setState(before => (before?.kind === 'ready' ? before : { kind: 'loading' }));
    const timer = setTimeout(() => void resource.refresh(), pause);
    return () => {
      clearTimeout(timer);
      resource.dispose();
    };
    // The question is in the key; the function that asks it is another one at each rendering.
  }, [key, pause]);
  return state;
}
