/** What unit tests of panels share: a workbench before a server that is played. */

import {
  ReadableStream,
  ReadableStreamDefaultController,
  TextDecoderStream
} from 'node:stream/web';

import { ContentsManager, ServerConnection } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import type { ReactWidget } from '@jupyterlab/ui-components';
import { MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { Api } from '../api';
import type { IPanelArguments, IWorkbench } from '../tokens';
import { Preferences } from './preferences';

// Browsers have them; jsdom lacks them.
Object.assign(globalThis, { ReadableStream, TextDecoderStream });

/** What a played server is asked: method and path below the API, with the query that the page meant. */
export interface IAsked {
  readonly method: string;
  readonly path: string;
  /** `METHOD path`. */
  readonly what: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: unknown;
}

export type Answer = (asked: IAsked) => unknown;

/** A workbench whose server answers with JSON, or with a response as it is. */
export class TestWorkbench implements IWorkbench {
  constructor(answer: Answer) {
    const settings = ServerConnection.makeSettings({
      baseUrl: 'http://lab.test/hub/ada/',
      fetch: async input => {
        const request = input as Request;
        const url = new URL(request.url);
        const path = url.pathname.replace('/hub/ada/modelops/api/v1/', '');
        const asked: IAsked = {
          method: request.method,
          path,
          what: `${request.method} ${path}`,
          query: url.searchParams,
          headers: request.headers,
          body: request.method === 'GET' ? null : JSON.parse((await request.text()) || 'null')
        };
        this.asked.push(asked);
        const given = await answer(asked);
        return given instanceof Response ? given : Response.json(given);
      }
    });
    this.api = new Api(settings);
    this.contents = new ContentsManager({ serverSettings: settings });
  }

  readonly api: Api;
  readonly contents: ContentsManager;
  readonly trans = nullTranslator.load('jupyterlab_modelops');
  readonly preferences = new Preferences();
  readonly previews = new Map();
  readonly jobsChanged = new Signal<IWorkbench, string | null>(this as IWorkbench);
  readonly asked: IAsked[] = [];
  /** What was opened. */
  readonly opened: [kind: string, args: unknown][] = [];

  addPanel(): void {
    throw new Error('No panels are added in unit tests.');
  }

  addPreview(): never {
    throw new Error('No previews are added in unit tests.');
  }

  open<K extends keyof IPanelArguments>(kind: K, args: IPanelArguments[K]): void {
    this.opened.push([kind, args]);
  }
}

/** Answers by `METHOD path`; a function is asked with the request's body. */
export type Answers = Record<string, unknown>;

/** A problem as an answer. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly body: object
  ) {}
}

/** A workbench whose server answers from a table, and knows nothing else. */
export function answering(answers: Answers): TestWorkbench {
  return new TestWorkbench(async ({ what, body }) => {
    const given = answers[what];
    const answer =
      typeof given === 'function' ? await (given as (body: unknown) => unknown)(body) : given;
    if (answer instanceof Refusal) {
      return new Response(JSON.stringify(answer.body), {
        status: answer.status,
        headers: { 'Content-Type': 'application/problem+json' }
      });
    }
    return answer === undefined ? new Response('<h1>404</h1>', { status: 404 }) : answer;
  });
}

/** Show a view on a page, rendered. */
export async function shown(view: ReactWidget): Promise<HTMLElement> {
  if (!view.isAttached) {
    Widget.attach(view, document.body);
  }
  view.update();
  MessageLoop.flush();
  await view.renderPromise;
  await until(() => view.node.childElementCount > 0); // React renders when it has time
  return view.node;
}

/** The button that reads `text`. */
export function button(node: HTMLElement, text: string): HTMLButtonElement {
  const found = [...node.querySelectorAll('button')].find(one =>
    [one.textContent, one.getAttribute('aria-label')].some(name => name?.includes(text))
  );
  if (!found) {
    throw new Error(`No button reads “${text}”: ${node.textContent}`);
  }
  return found;
}

/** Wait until something is so. */
export async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds(); tries++) {
    if (tries > 400) {
      throw new Error(`It did not become so: ${holds.toString()}`);
    }
    await new Promise(done => setTimeout(done, 5));
  }
}

/** A server-sent message. */
export function message(event: string, content: unknown, id: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(content)}\n\n`;
}

/** A response that streams what is written to it. */
export class EventStream {
  constructor() {
    // The Response of unit tests knows no such streams.
    Object.defineProperty(this.response, 'body', { value: this.body });
  }

  readonly response = new Response('', { headers: { 'Content-Type': 'text/event-stream' } });

  write(...messages: string[]): void {
    this.controller?.enqueue(Buffer.from(messages.join('')));
  }

  close(): void {
    this.controller?.close();
  }

  private controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  private readonly body = new ReadableStream<Uint8Array>({
    start: controller => {
      this.controller = controller;
    }
  });
}
