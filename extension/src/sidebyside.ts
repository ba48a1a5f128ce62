import { Resource } from './loaded';
import type { IWorkbench } from './tokens';

/** Things side by side, asked for anew when one of them may have changed. */
export class SideBySide<T> extends Resource<T> {
  /**
   * @param concerns - Whether the change of a job's state may change what is compared.
   */
  constructor(
    readonly workbench: IWorkbench,
    fetch: () => Promise<T>,
    private readonly concerns: (job: string | null) => boolean
  ) {
    super(fetch);
    workbench.jobsChanged.connect(this.changed);
    void this.refresh();
  }

  /** Whether rows are shown in which they do not differ. */
  get all(): boolean {
    return this._all;
  }

  set all(all: boolean) {
    this._all = all;
    this.stateChanged.emit();
  }

  override dispose(): void {
    this.workbench.jobsChanged.disconnect(this.changed);
    super.dispose();
  }

  private readonly changed = (_: IWorkbench, job: string | null): void => {
    if (this.concerns(job)) {
      this.renew();
    }
  };

  private _all = false;
}
