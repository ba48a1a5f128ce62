import { asProblem, ProblemError } from './api';

/** What somebody asks a panel to do, and why the last of it was not done. */
export class Actions {
  /** @param changed - Called when something was done, or not. */
  constructor(private readonly changed: () => void) {}

  /** Why the last thing that was asked for, such as to cancel, was not done. */
  get refusal(): ProblemError | null {
    return this._refusal;
  }

  /** Do something that somebody asked for; why it was not done is kept to be shown. */
  async perform(what: () => Promise<unknown>): Promise<void> {
    this._refusal = null;
    try {
      await what();
    } catch (error) {
      this._refusal = asProblem(error);
    }
    this.changed();
  }

  private _refusal: ProblemError | null = null;
}
