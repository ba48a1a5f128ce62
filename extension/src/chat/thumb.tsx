import * as React from 'react';

/** A thumb, up or down; filled where it was chosen, so that colour is not needed to see it. */
export function Thumb(props: { down: boolean; filled: boolean }): React.JSX.Element {
  return (
    <svg
      width="16"
      height="16"
      viewBox="0 0 16 16"
      aria-hidden="true"
      fill={props.filled ? 'currentColor' : 'none'}
      stroke="currentColor"
      strokeLinejoin="round"
      transform={props.down ? 'rotate(180)' : undefined}
    >
      <path d="M2 7.5h2.5v6H2z" />
      <path d="M6.5 7.5 9 2.5c1 0 1.6.7 1.5 1.6L10 6.5h3c.9 0 1.4.7 1.2 1.5l-1 4.3c-.2.8-.7 1.2-1.5 1.2H6.5z" />
    </svg>
  );
}
