/** What is picked out of a list to be compared; it stays picked while the list shows something else. */
export class Picked {
  /**
   * @param most - More than that are not compared.
   * @param changed - Called when something was picked or dropped.
   */
  constructor(
    readonly most: number,
    private readonly changed: () => void
  ) {}

  /** In the order in which they were picked. */
  get all(): readonly string[] {
    return [...this.picked];
  }

  get size(): number {
    return this.picked.size;
  }

  /** Whether there are two or more, and not too many. */
  get comparable(): boolean {
    return this.size >= 2 && this.size <= this.most;
  }

  has(id: string): boolean {
    return this.picked.has(id);
  }

  set(id: string, picked: boolean): void {
    if (picked) {
      this.picked.add(id);
    } else {
      this.picked.delete(id);
    }
    this.changed();
  }

  clear(): void {
    this.picked.clear();
    this.changed();
  }

  private readonly picked = new Set<string>();
}
