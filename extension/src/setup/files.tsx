import type { WidgetProps } from '@rjsf/utils';
import * as React from 'react';

import { useSetup } from './context';
import { Drop } from './drop';
import { List } from './list';
import { freePath, IPicked, Uploads } from './upload';

/** A list of files and folders: dropped, chosen, dragged from the file browser, or written, one in each line. */
export function Files(props: WidgetProps): React.JSX.Element {
  const model = useSetup();
  const { contents, trans } = model.workbench;
  const uploads = React.useMemo(() => new Uploads(contents), [contents]);
  const folder = React.useRef<string | null>(null);
  React.useEffect(
    () => () => {
      uploads.dispose();
    },
    [uploads]
  );
  const add = (paths: readonly string[]): void => {
    const before = (model.values[props.name] ?? []) as string[];
    props.onChange([...new Set([...before, ...paths])]);
  };
  const take = async (picked: readonly IPicked[]): Promise<void> => {
    // What is dropped on one form lies together, so that one line names all of it.
    const place = (folder.current ??= await freePath(contents, props.name));
    const arrived = await uploads.send(picked, place);
    if (arrived.length > 0) {
      add([place]);
    }
  };
  return (
    <>
      <Drop
        trans={trans}
        uploads={uploads}
        words={trans.__('or drop them here, from your computer or from JupyterLab’s file browser')}
        many
        take={take}
        takePaths={add}
      />
      <List {...props} />
    </>
  );
}
