import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { JSONValue } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/** Data as JupyterLab shows it, never trusted: its HTML goes through the registry's sanitizer. */
export function Rendered(props: {
  rendermime: IRenderMimeRegistry;
  type: 'text/markdown' | 'application/json';
  data: JSONValue;
}): React.JSX.Element {
  const { data, rendermime, type } = props;
  const host = React.useRef<HTMLDivElement>(null);
  // Before the node leaves the document, as a widget wants to be told.
  React.useLayoutEffect(() => {
    const renderer = rendermime.createRenderer(type);
    if (host.current) {
      Widget.attach(renderer, host.current);
    }
    void renderer.renderModel(rendermime.createModel({ data: { [type]: data }, trusted: false }));
    return () => {
      renderer.dispose();
    };
  }, [rendermime, type, data]);
  return <div ref={host} className="jp-ModelOps-rendered" />;
}
