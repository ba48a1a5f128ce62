import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server elsewhere with the OpenAI API, whose model always says the same. */
export interface IWriter {
  /** The argument by which `jupyter lab` knows it as the remote model `writer`. */
  readonly argument: string;
}

/** Play a model that says `text`, word for word, and hand it to `use`. */
export async function withWriter(
  text: string,
  use: (writer: IWriter) => Promise<void>
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const said = text.split(/(?<= )/).map(content => ({ delta: { content } }));
      for (const choice of [...said, { delta: {}, finish_reason: 'stop' }]) {
        response.write(`data: ${JSON.stringify({ choices: [{ index: 0, ...choice }] })}\n\n`);
      }
      response.end('data: [DONE]\n\n');
    });
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const remotes = { writer: { url: `http://127.0.0.1:${port}/v1`, model: 'played' } };
  try {
    await use({ argument: `--ModelOpsApp.remotes=${JSON.stringify(remotes)}` });
  } finally {
    server.close();
  }
}
