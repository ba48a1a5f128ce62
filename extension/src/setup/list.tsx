import type { WidgetProps } from '@rjsf/utils';
import * as React from 'react';

import type { JsonValue } from '../api';
import { useParameter } from './parameter';
import { IParameter, shown } from './parameters';

/** A list, one item in each line. */
export function List(props: WidgetProps): React.JSX.Element {
  const { model, parameter, described } = useParameter(props);
  const items = React.useMemo(() => (props.value ?? []) as JsonValue[], [props.value]);
  const [text, setText] = React.useState(() => items.map(shown).join('\n'));
  const read = (lines: string): JsonValue[] =>
    lines
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '')
      .map(line => asItem(line, parameter.items));
  // Half-written lines stay as they are; what was changed elsewhere takes their place.
  const written =
    JSON.stringify(read(text)) === JSON.stringify(items) ? text : items.map(shown).join('\n');
  return (
    <textarea
      id={props.id}
      className="jp-mod-styled"
      rows={Math.min(6, Math.max(2, written.split('\n').length))}
      placeholder={
        parameter.nullable
          ? model.workbench.trans.__('none')
          : model.workbench.trans.__('one per line')
      }
      value={written}
      onChange={({ target }) => {
        setText(target.value);
        const list = read(target.value);
        props.onChange(list.length === 0 && parameter.nullable ? null : list);
      }}
      {...described}
    />
  );
}

function asItem(line: string, type: IParameter['items']): JsonValue {
  if (type === 'boolean' && (line === 'true' || line === 'false')) {
    return line === 'true';
  }
  const number = Number(line);
  return type === 'string' || type === 'boolean' || Number.isNaN(number) ? line : number;
}
