/** What unit tests of the chat share: an engine that says what it is told to. */

import { answering, EventStream, TestWorkbench, until } from '../workbench/testing';
import { Keeper } from './keeping';
import { ChatModel } from './model';
import { IServed } from './openai';

const BELOW = '/hub/ada/modelops/openai/v1';

export const MODELS = `GET ${BELOW}/models`;
export const CHAT = `POST ${BELOW}/chat/completions`;

export interface IAskedOf {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly [setting: string]: unknown;
}

export function served(id: string): IServed {
  return {
    id,
    ref: `${id}@1`,
    digest: 'a'.repeat(64),
    engine: 'llamacpp',
    task: 'generate',
    context_length: 4096
  };
}

/** An engine whose answers are written by the test, one stream per request. */
export class Engine {
  constructor(models: readonly string[] = ['tiny', 'large']) {
    this.workbench = answering({
      [MODELS]: () => ({ object: 'list', data: models.map(served) }),
      [CHAT]: (body: unknown) => {
        this.asked.push(body as IAskedOf);
        const refusal = this.refusals.shift();
        if (refusal) {
          return refusal;
        }
        const stream = new EventStream();
        this.streams.push(stream);
        return stream.response;
      }
    });
  }

  readonly workbench: TestWorkbench;
  readonly asked: IAskedOf[] = [];
  readonly streams: EventStream[] = [];
  /** Responses that the next requests get instead of a stream. */
  readonly refusals: Response[] = [];

  /** A chat whose models are known. */
  async chat(...endpoints: string[]): Promise<ChatModel> {
    const model = new ChatModel(this.workbench, { endpoints }, new Keeper('test'), 0);
    await model.models.refresh();
    return model;
  }

  /** Say a part of the answer to the request of this number. */
  say(request: number, text: string): void {
    this.streams[request]?.write(data({ choices: [{ delta: { content: text } }] }));
  }

  /** End the answer to the request of this number. */
  end(request: number, reason = 'stop', tokens = 7): void {
    const stream = this.streams[request];
    stream?.write(data({ choices: [{ delta: {}, finish_reason: reason }] }));
    const timings = { predicted_n: tokens, predicted_per_second: 42 };
    stream?.write(data({ choices: [], usage: { completion_tokens: tokens }, timings }));
    stream?.write('data: [DONE]\n\n');
    stream?.close();
  }

  /** Send a prompt, and let each column answer with one of the texts. */
  async exchange(model: ChatModel, prompt: string, ...texts: string[]): Promise<void> {
    const first = this.streams.length;
    model.set({ draft: prompt });
    const sent = model.send();
    await until(() => this.streams.length === first + texts.length);
    texts.forEach((text, index) => {
      this.say(first + index, text);
      this.end(first + index);
    });
    await sent;
  }
}

/** A server-sent event. */
export function data(content: unknown): string {
  return `data: ${JSON.stringify(content)}\n\n`;
}

/** A refusal as OpenAI says it. */
export function refusal(
  status: number,
  message: string,
  headers: Record<string, string> = {}
): Response {
  return Response.json(
    { error: { message, type: 'server_error', code: 'refused' } },
    {
      status,
      headers
    }
  );
}
