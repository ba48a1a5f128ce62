import type { JobState } from '../api';

/** The states in which a job has not ended, in their order. */
export const ACTIVE = ['queued', 'starting', 'running', 'finalizing'] as const;

/** The states in which a job stays. */
export const ENDED = ['succeeded', 'failed', 'cancelled', 'interrupted'] as const;

/** Whether a job has not ended. */
export function isActive(state: JobState): boolean {
  return ACTIVE.some(active => active === state);
}
