/** An error that the server answered with (RFC 9457), or one that kept it from answering. */
export class ProblemError extends Error {
  /**
   * @param code - What programs tell errors apart by.
   * @param detail - One sentence for a person; empty when the server said none.
   * @param hint - What to do about it; may be empty.
   * @param body - The whole problem document, with what the error is about, such as `fields`.
   */
  constructor(
    readonly code: string,
    detail: string,
    readonly hint = '',
    readonly body: Readonly<Record<string, unknown>> = {}
  ) {
    super(detail);
    this.name = 'ProblemError';
  }

  /** The HTTP status that the server answered with; 0 when it did not answer with a problem. */
  get status(): number {
    return typeof this.body.status === 'number' ? this.body.status : 0;
  }
}

/** The server cannot be reached. */
export const UNREACHABLE = 'unreachable';

/** The server answers, but this extension's server part is not loaded there. */
export const NOT_INSTALLED = 'not_installed';

/** The server answered with something that is not of this API. */
export const UNEXPECTED = 'unexpected_answer';

/** What a response that is not a success says is wrong. */
export async function problemOf(response: Response): Promise<ProblemError> {
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('application/problem+json')) {
    const body = (await response.json()) as { code: string; detail: string; hint?: string };
    return new ProblemError(body.code, body.detail, body.hint, body);
  }
  // Our server part answers every address below the API with a problem: this was somebody else.
  const code = response.status === 404 ? NOT_INSTALLED : UNEXPECTED;
  return new ProblemError(code, `${response.status} ${response.statusText}`);
}

/** Any error as a problem; what is none is a fault of this program, and its message is all there is. */
export function asProblem(error: unknown): ProblemError {
  return error instanceof ProblemError ? error : new ProblemError('internal_error', String(error));
}
