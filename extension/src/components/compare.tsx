import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { Picked } from '../picked';

/** Compares what is picked, or drops it. */
export function Compare(props: {
  picked: Picked;
  /** What can be compared, such as `Select two to 8 jobs to compare them`. */
  title: string;
  compare: (ids: string[]) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { compare, picked, title, trans } = props;
  return (
    <>
      {picked.size > 0 && (
        <button
          className="jp-ModelOps-link"
          onClick={() => {
            picked.clear();
          }}
        >
          {trans.__('Clear selection')}
        </button>
      )}
      <button
        className="jp-mod-styled"
        disabled={!picked.comparable}
        title={title}
        onClick={() => {
          compare([...picked.all]);
        }}
      >
        {picked.size > 0 ? trans.__('Compare (%1)', picked.size) : trans.__('Compare')}
      </button>
    </>
  );
}
