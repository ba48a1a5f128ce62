import * as React from 'react';

import type { ServeModel } from './serving';
import { engineName } from './states';

/** The engines: those that cannot say why. */
export function Engines({ model }: { model: ServeModel }): React.JSX.Element {
  const { asked, workbench } = model;
  const { trans } = workbench;
  const id = React.useId();
  const plan = model.plan.value;
  const engines = plan?.engines ?? [];
  const taken = plan?.engine ? engineName(plan.engine) : null;
  return (
    <div className="jp-ModelOps-field">
      <div className="jp-ModelOps-label" id={id}>
        <span className="jp-ModelOps-legendword">{trans.__('Engine')}</span>
      </div>
      <div role="radiogroup" className="jp-ModelOps-engines" aria-labelledby={id}>
        <Choice
          model={model}
          engine="auto"
          label={
            asked.engine === 'auto' && taken
              ? trans.__('the one that fits: %1', taken)
              : trans.__('the one that fits')
          }
        />
        {engines.map(({ name, problem, title }) => (
          <Choice
            key={name}
            model={model}
            engine={name}
            label={title}
            why={problem ? `${problem.detail} ${problem.hint}` : ''}
          />
        ))}
      </div>
    </div>
  );
}

function Choice(props: {
  model: ServeModel;
  engine: string;
  label: string;
  why?: string;
}): React.JSX.Element {
  const { engine, label, model, why } = props;
  const id = React.useId();
  return (
    <div>
      <label>
        <input
          type="radio"
          name="engine"
          checked={model.asked.engine === engine}
          aria-describedby={why ? id : undefined}
          onChange={() => {
            model.change({ engine });
          }}
        />{' '}
        {label}
      </label>
      {why && (
        <div id={id} className="jp-ModelOps-help">
          {why}
        </div>
      )}
    </div>
  );
}
