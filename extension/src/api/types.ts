/** What the API speaks of. */

export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

export type Values = Readonly<Record<string, JsonValue>>;

export interface IHealth {
  readonly status: 'ok' | 'degraded';
  readonly version: string;
  readonly state_home: string;
  readonly state_home_writable: boolean;
  readonly free_bytes: number;
  readonly disk_full: boolean;
}

export type JobState =
  | 'queued'
  | 'starting'
  | 'running'
  | 'finalizing'
  | 'succeeded'
  | 'failed'
  | 'cancelled'
  | 'interrupted';

export interface IReason {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, JsonValue>>;
}

export interface IJob {
  readonly id: string;
  readonly name: string;
  readonly template: string;
  readonly state: JobState;
  readonly reason: IReason | null;
  readonly artifacts: readonly string[];
  readonly attempt: number;
  readonly submitted: string;
  readonly started: string | null;
  readonly finished: string | null;
  readonly cancel_requested: boolean;
  readonly priority: number;
  readonly retry_of: string | null;
  readonly peak_memory: number | null;
  readonly folder: string;
}

export interface IJobDetail extends IJob {
  readonly ahead: number;
  readonly needs: readonly string[];
  readonly attempts: readonly IAttempt[];
  readonly parameters: Values;
  readonly resumable: boolean;
}

export interface IAttempt {
  readonly attempt: number;
  readonly outcome: JobState | null;
  readonly reason: IReason | null;
  readonly started: string;
  readonly finished: string | null;
  readonly peak_memory: number | null;
}

export interface IFileEntry {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

export interface IArtifact {
  readonly ref: string;
  readonly name: string;
  readonly version: number;
  readonly kind: string;
  readonly created: string;
  readonly size: number;
  readonly digest: string;
  readonly job: string | null;
  readonly aliases: readonly string[];
  readonly metadata: Readonly<Record<string, JsonValue>>;
}

export interface ITemplateEntry {
  readonly name: string;
  readonly path: string;
  readonly title: string;
  readonly kind: string;
  readonly summary: string;
  readonly produces: readonly string[];
}

export interface ITemplate extends ITemplateEntry {
  readonly requires: readonly string[];
  readonly resumable: boolean;
  readonly schema: Readonly<Record<string, JsonValue>>;
}

/** What is asked for when a job is submitted; what is left out has its default. */
export interface ISubmission {
  readonly template: string;
  readonly parameters: Values;
  readonly name?: string;
  readonly kernel?: string;
}
