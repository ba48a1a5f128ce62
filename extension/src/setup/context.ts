import type { VDomRenderer } from '@jupyterlab/ui-components';
import * as React from 'react';

import type { SetupModel } from './model';

const Setup = React.createContext<SetupModel | null>(null);

/** Gives everything below it the model of the run that is set up. */
export const SetupProvider = Setup.Provider;

/** The model of the run that is set up; whoever asks is rendered anew when it has changed, wherever it stands. */
export function useSetup(): SetupModel {
  const model = React.useContext(Setup);
  if (model === null) {
    throw new Error('There is no run to set up around this component.');
  }
  useModel(model);
  return model;
}

/** Render anew when a model has changed. */
export function useModel(model: VDomRenderer.IModel): void {
  const [, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    model.stateChanged.connect(again);
    // What has changed before this took effect was not heard.
    again();
    return () => {
      model.stateChanged.disconnect(again);
    };
  }, [model]);
}
