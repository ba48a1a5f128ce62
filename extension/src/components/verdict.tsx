import * as React from 'react';

import type { Mood } from './index';

/** Whether what a form describes could be done, in two words, and below it why or what it takes. */
export function Verdict(props: {
  mood: Mood;
  sentence: string;
  label: string;
  children: React.ReactNode;
}): React.JSX.Element {
  const { children, label, mood, sentence } = props;
  return (
    <section className="jp-ModelOps-ready" aria-label={label} aria-busy={mood === 'waiting'}>
      <div aria-live="polite">
        <h3 data-mood={mood}>
          <span aria-hidden="true">{mood === 'waiting' ? '○' : '●'}</span> {sentence}
        </h3>
      </div>
      {children}
    </section>
  );
}
