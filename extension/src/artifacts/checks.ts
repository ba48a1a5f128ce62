import { VDomModel } from '@jupyterlab/ui-components';

import { Api, asProblem, Details, ProblemError } from '../api';

/** What is known of whether an artifact is what was signed. */
export type Check =
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'verified'; readonly signer: string; readonly time: string }
  | { readonly kind: 'refused'; readonly problem: Details; readonly time: string }
  /** It could not be checked. */
  | { readonly kind: 'failed'; readonly problem: ProblemError };

const UNCHECKED: Check = { kind: 'unchecked' };

/** What was verified since the page was opened, by the digest of the statement: the same for all panels. */
export class Checks extends VDomModel {
  constructor(private readonly api: Api) {
    super();
  }

  of(digest: string): Check {
    return this.known.get(digest) ?? UNCHECKED;
  }

  /** Let the server read every byte of an artifact, unless it is at it already. */
  async verify(artifact: { readonly ref: string; readonly digest: string }): Promise<Check> {
    const { digest, ref } = artifact;
    if (this.of(digest).kind === 'checking') {
      return this.of(digest);
    }
    this.set(digest, { kind: 'checking' });
    try {
      const answer = await this.api.verifyArtifact(ref);
      const time = new Date().toISOString();
      return this.set(
        digest,
        answer.verified
          ? { kind: 'verified', signer: answer.signer, time }
          : { kind: 'refused', problem: answer.problem, time }
      );
    } catch (error) {
      return this.set(digest, { kind: 'failed', problem: asProblem(error) });
    }
  }

  /** Remember that the server refused to send a part of an artifact, since it is not what was signed. */
  refuse(digest: string, { code, hint, message }: ProblemError): void {
    const problem = { code, detail: message, hint };
    this.set(digest, { kind: 'refused', problem, time: new Date().toISOString() });
  }

  private set(digest: string, check: Check): Check {
    this.known.set(digest, check);
    this.stateChanged.emit();
    return check;
  }

  private readonly known = new Map<string, Check>();
}
