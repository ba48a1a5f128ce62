import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { EndpointPlan } from '../api';
import { colourName } from '../curves/plot';
import { bytes } from '../format';

/** What serving it takes in memory, part by part, beside what is free. */
export function Memory(props: {
  plan: EndpointPlan;
  /** Bytes that are allowed. */
  limit: number | null;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { limit, plan, trans } = props;
  const parts = Object.entries(plan.memory).filter(([, size]) => size > 0);
  const need = parts.reduce((sum, [, size]) => sum + size, 0);
  const most = Math.min(plan.free, limit ?? plan.free);
  const whole = Math.max(need, most, 1);
  const share = (size: number): string => `${(100 * size) / whole}%`;
  const sentence =
    most < plan.free
      ? trans.__('%1 of %2 that are allowed', bytes(need), bytes(most))
      : trans.__('%1 of %2 free memory', bytes(need), bytes(plan.free));
  return (
    <figure className="jp-ModelOps-memory" data-over={need > most}>
      <figcaption>{sentence}</figcaption>
      <div className="jp-ModelOps-memorybar" aria-hidden="true">
        {parts.map(([name, size], index) => (
          <span
            key={name}
            style={{ background: `var(${colourName(index)})`, width: share(size) }}
          />
        ))}
        {need > most && (
          <span className="jp-ModelOps-memoryfree" style={{ insetInlineStart: share(most) }} />
        )}
      </div>
      <ul className="jp-ModelOps-memoryparts">
        {parts.map(([name, size], index) => (
          <li key={name}>
            <span
              className="jp-ModelOps-memorymark"
              aria-hidden="true"
              style={{ background: `var(${colourName(index)})` }}
            />
            {partName(name, trans)} <span className="jp-ModelOps-figure">{bytes(size)}</span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

function partName(part: string, trans: TranslationBundle): string {
  const names: Record<string, string> = {
    weights: trans.__('weights'),
    adapters: trans.__('adapters'),
    cache: trans.__('cache of all requests'),
    process: trans.__('the engine itself')
  };
  return names[part] ?? part;
}
