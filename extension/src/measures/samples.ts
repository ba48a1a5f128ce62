/** A held-out row of an evaluation, as `rows.jsonl` has it; what was not measured is left out. */
export interface ISample {
  readonly row: number;
  readonly loss: number;
  readonly reference_loss?: number;
  readonly question?: string;
  readonly expected?: string;
  readonly answer?: string;
  readonly reference_answer?: string;
}

/** The rows of an evaluation, the worst first: against its reference where it has one, or else by their loss. */
export function worstFirst(lines: string): readonly ISample[] {
  return lines
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(line => JSON.parse(line) as ISample)
    .sort((a, b) => harm(b) - harm(a));
}

/** How many nats a token a row is worse than by the reference, or its loss. */
function harm({ loss, reference_loss: reference }: ISample): number {
  return loss - (reference ?? 0);
}
