import '../workbench/testing';
import { readEvents } from './streams';

/** What is heard of a stream that arrives in these pieces. */
async function heard(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  const body = new ReadableStream<Uint8Array>({
    start: controller => {
      for (const piece of pieces) {
        controller.enqueue(Buffer.from(piece));
      }
      controller.close();
    }
  });
  const found: string[] = [];
  await readEvents({ body } as Response, new AbortController().signal, ({ data }) =>
    found.push(data)
  );
  return found;
}

describe('A stream of server-sent events', () => {
  it('is heard event by event', async () => {
    expect(await heard('data: one\n\ndata: two\n\n')).toEqual(['one', 'two']);
  });

  it('may be cut anywhere, also within a letter', async () => {
    const bytes = Buffer.from('data: größer 漢字 🎉\r\n\r\n: still here\n\ndata: [DONE]\n\n');
    const single = [...bytes].map(byte => new Uint8Array([byte]));
    expect(await heard(...single)).toEqual(['größer 漢字 🎉', '[DONE]']);
  });

  it('has events of several lines, and none that is not whole', async () => {
    expect(await heard('data: a\ndata: b\n\ndata: cut')).toEqual(['a\nb']);
  });
});
