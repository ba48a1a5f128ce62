import { ServerConnection } from '@jupyterlab/services';

import { Connection, Query } from './connection';
import { followJob, IFollower } from './following';
import type {
  Artifact,
  Health,
  Job,
  JobDetail,
  Submission,
  Template,
  TemplateEntry,
  Values
} from './types';

export { asProblem, NOT_INSTALLED, ProblemError, UNREACHABLE } from './problems';
export type { IFollower } from './following';
export type * from './types';

/** The server extension's REST API: one method per operation. Every method throws `ProblemError`. */
export class Api {
  constructor(settings: ServerConnection.ISettings) {
    this.connection = new Connection(settings);
  }

  readonly connection: Connection;

  health(): Promise<Health> {
    return this.connection.get('health');
  }

  async templates(): Promise<readonly TemplateEntry[]> {
    return (await this.connection.get<{ templates: TemplateEntry[] }>('templates')).templates;
  }

  template(name: string): Promise<Template> {
    return this.connection.get(`templates/${encodeURIComponent(name)}`);
  }

  /** Any notebook below the server's root as a template. */
  inspectNotebook(path: string): Promise<Template> {
    return this.connection.send('POST', 'templates/inspect', { path });
  }

  jobs(query: Query = {}): Promise<{ jobs: Job[]; total: number }> {
    return this.connection.get('jobs', query);
  }

  job(id: string): Promise<JobDetail> {
    return this.connection.get(`jobs/${encodeURIComponent(id)}`);
  }

  /** @param key - The same key again returns the first job instead of a second one. */
  submit(submission: Submission, key: string): Promise<Job> {
    return this.connection.send('POST', 'jobs', submission, { 'Idempotency-Key': key });
  }

  cancelJob(id: string): Promise<Job> {
    return this.connection.send('POST', `jobs/${encodeURIComponent(id)}/cancel`);
  }

  retryJob(id: string, parameters: Values = {}): Promise<Job> {
    return this.connection.send('POST', `jobs/${encodeURIComponent(id)}/retry`, { parameters });
  }

  /** Follow a job's events and log from the beginning to its end, through lost connections. */
  followJob(id: string, follower: IFollower, signal: AbortSignal): Promise<void> {
    return followJob(this.connection, id, follower, signal);
  }

  artifacts(query: Query = {}): Promise<{ artifacts: Artifact[]; total: number }> {
    return this.connection.get('artifacts', query);
  }
}
