import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { ComparedValue } from '../api';

/** A part of a table in which things stand side by side: a row for each value, those that differ marked. */
export function Differences(props: {
  title: string;
  /** The rows; `null` where they are not known. */
  rows: readonly ComparedValue[] | null;
  /** How many things are compared. */
  count: number;
  /** Whether rows are shown in which they do not differ. */
  all: boolean;
  trans: TranslationBundle;
  name?: (name: string) => string;
  say?: (value: unknown, name: string) => string;
  /** Why the rows are not known. */
  unknown?: string;
}): React.JSX.Element {
  const { all, count, name, rows, say, title, trans, unknown } = props;
  const shown = (rows ?? []).filter(row => row.differs || all);
  return (
    <tbody>
      <tr>
        <th scope="rowgroup" colSpan={count + 1}>
          {title}
        </th>
      </tr>
      {shown.map(row => (
        <tr key={row.name} data-differs={row.differs}>
          <th scope="row">
            {row.differs && <span title={trans.__('differs')}>≠ </span>}
            {name?.(row.name) ?? row.name}
          </th>
          {row.values.map((value, index) => (
            <td key={index}>
              <code>{(say ?? comparedValue)(value, row.name)}</code>
            </td>
          ))}
        </tr>
      ))}
      {shown.length === 0 && (
        <tr>
          <td colSpan={count + 1} className="jp-ModelOps-hint">
            {rows === null ? unknown : trans.__('No difference.')}
          </td>
        </tr>
      )}
    </tbody>
  );
}

/** Whether also what is the same is shown. */
export function AlsoTheSame(props: {
  all: boolean;
  change: (all: boolean) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <label className="jp-ModelOps-deeds">
      <input
        type="checkbox"
        checked={props.all}
        onChange={event => {
          props.change(event.target.checked);
        }}
      />
      {props.trans.__('Also what is the same')}
    </label>
  );
}

/** A value in a cell; of pinned references, what a person calls them. */
export function comparedValue(value: unknown): string {
  if (value === null || value === undefined) {
    return '–';
  }
  if (Array.isArray(value)) {
    return value.map(comparedValue).join(', ');
  }
  if (typeof value === 'object') {
    const { digest, ref } = value as { digest?: unknown; ref?: unknown };
    return typeof ref === 'string'
      ? `${ref} ${typeof digest === 'string' ? digest.slice(0, 8) : ''}`.trim()
      : JSON.stringify(value);
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}
