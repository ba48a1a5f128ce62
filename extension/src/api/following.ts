import { createParser, EventSourceMessage } from 'eventsource-parser';

import { Connection } from './connection';
import { ProblemError, UNREACHABLE } from './problems';
import type { JobDetail, JsonValue } from './types';

/** One line of a job's journal; `type` says which further fields there are. */
export type JobEvent = Readonly<Record<string, JsonValue>> & {
  readonly type: string;
  readonly time: number;
};

/** Who follows a job. Events and pieces of the log come in batches, each exactly once and in order. */
export interface IFollower {
  job(job: JobDetail): void;
  events(events: readonly JobEvent[]): void;
  log(text: string): void;
  /** How far was heard: who comes back later goes on from there. */
  reached(position: string): void;
  /** Whether the server is being heard; `false` while the connection is lost and tried again. */
  connected(connected: boolean): void;
}

/** Bytes of the log's end that are sent to who follows from the beginning; more than a panel shows. */
const LOG_TAIL = 500_000;

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 10_000;

/**
 * Follow a job until its end or until `signal` is aborted. A lost connection is made again, from the last event that
 * was heard (`Last-Event-ID`). Of a long log only the end is heard.
 *
 * @param position - Where somebody who followed before has got to; by default the beginning.
 * @throws ProblemError when the server refuses, as for a job that does not exist.
 */
export async function followJob(
  connection: Connection,
  id: string,
  follower: IFollower,
  signal: AbortSignal,
  position = ''
): Promise<void> {
  const stream = new Stream(connection, id, follower, signal, position);
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    const before = stream.last;
    if (await attempt(stream)) {
      return;
    }
    pause = stream.last === before ? pause : FIRST_PAUSE;
    follower.connected(false);
    await sleep(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

/** Listen once; whether the job has ended, and all was heard. */
async function attempt(stream: Stream): Promise<boolean> {
  try {
    return await stream.listen();
  } catch (error) {
    if (error instanceof ProblemError && !passing(error)) {
      throw error;
    }
    return false;
  }
}

/** Whether the server may answer when it is asked again. */
function passing(error: ProblemError): boolean {
  return error.code === UNREACHABLE || error.status === 0 || error.status >= 502;
}

/** What is heard of one job, over as many connections as it takes. */
class Stream {
  constructor(
    private readonly connection: Connection,
    private readonly id: string,
    private readonly follower: IFollower,
    private readonly signal: AbortSignal,
    /** The id of the last message that was heard. */
    public last: string
  ) {}

  /** Listen until the connection is lost or the job has ended, and return whether it has. */
  async listen(): Promise<boolean> {
    const headers = {
      Accept: 'text/event-stream',
      ...(this.last === '' ? {} : { 'Last-Event-ID': this.last })
    };
    const response = await this.connection.request(
      `jobs/${encodeURIComponent(this.id)}/events`,
      { headers, signal: this.signal },
      { log_tail: LOG_TAIL }
    );
    this.follower.connected(true);
    const parser = createParser({
      onEvent: message => {
        this.take(message);
      }
    });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (reader && !this.ended) {
      const { done, value } = await reader.read();
      if (done) {
        break;
      }
      parser.feed(value);
      this.deliver();
    }
    await reader?.cancel();
    return this.ended;
  }

  private take(message: EventSourceMessage): void {
    if (message.event === 'event') {
      this.events.push(JSON.parse(message.data) as JobEvent);
    } else {
      this.deliver();
      if (message.event === 'log') {
        this.follower.log((JSON.parse(message.data) as { text: string }).text);
      } else if (message.event === 'job') {
        this.follower.job(JSON.parse(message.data) as JobDetail);
      }
      this.ended ||= message.event === 'end';
    }
    this.last = message.id ?? this.last;
  }

  /** Hand over the events that came together as one batch. */
  private deliver(): void {
    if (this.events.length > 0) {
      this.follower.events(this.events.splice(0));
    }
    this.follower.reached(this.last);
  }

  private ended = false;
  private readonly events: JobEvent[] = [];
}

function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(done => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      done();
    });
  });
}
