import { VDomModel } from '@jupyterlab/ui-components';
import { Debouncer } from '@lumino/polling';

import { Api, asProblem, Mend, NOT_INSTALLED, ProblemError, Readiness, Submission } from '../api';

/** How long nothing is changed before the server is asked, in milliseconds. */
const PAUSE = 400;

/** How many pauses later it is asked again, where the server says that it will know more. */
const AGAIN = 4;

/** Whether asking again is all that helps. */
export function asksItself({ action }: Mend): boolean {
  return action?.kind === 'ask-again';
}

/** Whether the run could start, as the server says of the form's latest values. */
export class ReadinessModel extends VDomModel {
  /**
   * @param submission - What would be submitted now; `null` while that is known to be refused.
   */
  constructor(
    private readonly api: Api,
    private readonly submission: () => Submission | null,
    private readonly pause = PAUSE
  ) {
    super();
    this.asking = new Debouncer(() => this.ask(), pause);
  }

  /** The last answer; it may be of earlier values, see `stale`. */
  get answer(): Readiness | null {
    return this._answer;
  }

  /** Whether the answer is of other values than the form's. */
  get stale(): boolean {
    return this._stale;
  }

  /** Why there is no answer. */
  get problem(): ProblemError | null {
    return this._problem;
  }

  /** Whether this server can tell at all; an older one cannot. */
  get available(): boolean {
    return this._problem?.code !== NOT_INSTALLED;
  }

  /** Values have changed: ask when the changes pause. */
  changed(): void {
    this.asked += 1;
    this._stale = true;
    this.stateChanged.emit();
    // It rejects when it is disposed of while it waits.
    this.asking.invoke().catch(() => undefined);
  }

  /** Ask at once, and wait for the answer to the latest values: for who is about to run them. */
  async settle(): Promise<void> {
    await this.asking.stop();
    while (this._stale && this.available && !this.isDisposed && this.submission() !== null) {
      await this.ask();
    }
  }

  override dispose(): void {
    clearTimeout(this.later);
    this.asking.dispose();
    super.dispose();
  }

  private async ask(): Promise<void> {
    clearTimeout(this.later);
    const submission = this.submission();
    if (submission === null || !this.available) {
      return;
    }
    const asked = this.asked;
    let answer: Readiness | null = null;
    let problem: ProblemError | null = null;
    try {
      answer = await this.api.preflight(submission);
    } catch (error) {
      problem = asProblem(error);
    }
    // Only the answer to the latest question counts.
    if (asked === this.asked && !this.isDisposed) {
      this._answer = answer;
      this._problem = problem;
      this._stale = false;
      this.stateChanged.emit();
      if (answer?.checks.some(({ mend }) => mend && asksItself(mend))) {
        this.later = setTimeout(() => void this.ask(), this.pause * AGAIN);
      }
    }
  }

  private readonly asking: Debouncer;
  private later: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;
  private _answer: Readiness | null = null;
  private _stale = true;
  private _problem: ProblemError | null = null;
}
