import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { count } from '../format';
import { ICurve, Plot } from './plot';

/**
 * A plot with its title. `revision` changes when points have come; `curves` must be the same array until other curves
 * are to be drawn.
 */
export function Curves(props: {
  title: string;
  curves: readonly ICurve[];
  sync: string;
  revision: number;
  trans: TranslationBundle;
  /** How a step is written; it must be the same function at each rendering. */
  stepLabel?: (step: number) => string;
}): React.JSX.Element {
  const { curves, revision, stepLabel, sync, title, trans } = props;
  const node = React.useRef<HTMLDivElement>(null);
  const plot = React.useRef<Plot | null>(null);
  React.useLayoutEffect(() => {
    if (!node.current) {
      return;
    }
    const label = stepLabel ?? ((step: number) => trans.__('step %1', count(step)));
    const drawn = new Plot(node.current, curves, sync, label);
    plot.current = drawn;
    return () => {
      plot.current = null;
      drawn.dispose();
    };
  }, [curves, stepLabel, sync, trans]);
  React.useLayoutEffect(() => {
    plot.current?.update();
  }, [revision]);
  return (
    <figure className="jp-ModelOps-curves">
      <figcaption>{title}</figcaption>
      <div ref={node} />
    </figure>
  );
}
