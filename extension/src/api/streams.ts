import { createParser, EventSourceMessage } from 'eventsource-parser';

/** Hand over each server-sent event of a response, until its end or until `signal` is aborted. */
export async function readEvents(
  response: Response,
  signal: AbortSignal,
  take: (event: EventSourceMessage) => void
): Promise<void> {
  const parser = createParser({
    onEvent: event => {
      if (!signal.aborted) {
        take(event);
      }
    }
  });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const stop = (): void => {
    // It rejects where the request was aborted already.
    reader?.cancel().catch(() => undefined);
  };
  signal.addEventListener('abort', stop);
  try {
    for (;;) {
      const next = await reader?.read();
      if (!next || next.done || signal.aborted) {
        return;
      }
      parser.feed(next.value);
    }
  } catch (error) {
    if (!signal.aborted) {
      throw error;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
