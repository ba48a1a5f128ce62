import type { IRenderMime, IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';
import * as React from 'react';

/** Longer texts are shown as they are: to render them would keep the page from everything else. */
export const LONGEST = 60_000;

const TYPE = 'text/markdown';

/** Most of the time in which nothing is rendered belongs to the rest of the page. */
const REST = 3;
const LONGEST_REST = 2000;

/** What a model wrote, as it grows; the registry is one that is made for it. */
export function Markdown(props: {
  rendermime: IRenderMimeRegistry;
  text: string;
}): React.JSX.Element {
  const { rendermime, text } = props;
  const host = React.useRef<HTMLDivElement>(null);
  const drawing = React.useRef<Drawing | null>(null);
  // Before the node leaves the document, as a widget wants to be told.
  React.useLayoutEffect(() => {
    const made = (drawing.current = new Drawing(rendermime));
    if (host.current) {
      made.attach(host.current);
    }
    return () => {
      made.dispose();
    };
  }, [rendermime]);
  React.useEffect(() => {
    drawing.current?.draw(text);
  }, [rendermime, text]);
  return <div ref={host} className="jp-ModelOps-rendered" />;
}

/** A text that is rendered anew as it changes: one rendering at a time, the last one always. */
class Drawing {
  constructor(private readonly rendermime: IRenderMimeRegistry) {
    this.renderer = rendermime.createRenderer(TYPE);
  }

  attach(host: HTMLElement): void {
    Widget.attach(this.renderer, host);
  }

  draw(text: string): void {
    this.wanted = text;
    if (!this.busy) {
      void this.work();
    }
  }

  dispose(): void {
    this.renderer.dispose();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.wanted !== this.drawn && !this.renderer.isDisposed) {
      const text = this.wanted;
      const began = performance.now();
      const data = { [TYPE]: text };
      await this.renderer.renderModel(this.rendermime.createModel({ data, trusted: false }));
      this.drawn = text;
      const pause = Math.min(LONGEST_REST, REST * (performance.now() - began));
      await new Promise(done => setTimeout(done, pause));
    }
    this.busy = false;
  }

  private busy = false;
  private wanted = '';
  private drawn = '';
  private readonly renderer: IRenderMime.IRenderer;
}
