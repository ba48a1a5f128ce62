import { VDomModel } from '@jupyterlab/ui-components';

import { ArtifactDetail, asProblem, Verification } from '../api';
import type { IWorkbench } from '../tokens';

/** What is larger is verified when somebody asks for it: every byte is read. */
const AT_ONCE = 2_000_000_000;

export type Badge =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'checking' }
  | { readonly kind: 'verified' }
  | { readonly kind: 'refused'; readonly why: string };

/** A quantity before and after. */
export interface IChange {
  readonly name: string;
  readonly before: number;
  readonly after: number;
}

/** An artifact that a job made, and whether it is what was signed. */
export class Made extends VDomModel {
  constructor(
    private readonly workbench: IWorkbench,
    readonly ref: string
  ) {
    super();
    void this.load();
  }

  get artifact(): ArtifactDetail | null {
    return this._artifact;
  }

  get badge(): Badge {
    return this._badge;
  }

  /** What the notebook measured before and after, by its names for it in the metadata: `loss_before`, `loss_after`. */
  get changes(): readonly IChange[] {
    const metadata = this._artifact?.metadata ?? {};
    return Object.keys(metadata).flatMap(key => {
      const name = /^(.+)_before$/.exec(key)?.[1];
      if (name === undefined) {
        return [];
      }
      // Signed documents hold numbers with a fraction as text.
      const [before, after] = [Number(metadata[key]), Number(metadata[`${name}_after`])];
      return Number.isFinite(before) && Number.isFinite(after) ? [{ name, before, after }] : [];
    });
  }

  async verify(): Promise<void> {
    this.set({ kind: 'checking' });
    try {
      this.set(badge(await this.workbench.api.verifyArtifact(this.ref)));
    } catch (error) {
      this.set({ kind: 'refused', why: asProblem(error).message });
    }
  }

  private async load(): Promise<void> {
    try {
      this._artifact = await this.workbench.api.artifact(this.ref);
    } catch (error) {
      this.set({ kind: 'refused', why: asProblem(error).message });
      return;
    }
    if (this._artifact.size <= AT_ONCE) {
      await this.verify();
    } else {
      this.set({ kind: 'unknown' });
    }
  }

  private set(badge: Badge): void {
    if (!this.isDisposed) {
      this._badge = badge;
      this.stateChanged.emit();
    }
  }

  private _artifact: ArtifactDetail | null = null;
  private _badge: Badge = { kind: 'checking' };
}

function badge(answer: Verification): Badge {
  return answer.verified
    ? { kind: 'verified' }
    : { kind: 'refused', why: [answer.problem.detail, answer.problem.hint].join(' ').trim() };
}
