import * as React from 'react';

import { colourName, isDashed } from './plot';

/** The line by which a curve is known. */
export function Swatch(props: { index: number }): React.JSX.Element {
  const style = { '--modelops-swatch': `var(${colourName(props.index)})` } as React.CSSProperties;
  return (
    <span
      className="jp-ModelOps-swatch"
      data-dashed={isDashed(props.index)}
      style={style}
      aria-hidden="true"
    />
  );
}
