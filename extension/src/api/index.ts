import { ServerConnection } from '@jupyterlab/services';

import { Connection, Query } from './connection';
import { EndpointsApi } from './endpoints';
import { followJob, IFollower } from './following';
import { IndexesApi } from './indexes';
import type {
  ArtifactComparison,
  ArtifactDetail,
  ArtifactList,
  Envelope,
  FirstBatch,
  Health,
  Inspection,
  InspectionRequest,
  Job,
  JobComparison,
  JobDetail,
  JobList,
  Lineage,
  NewDataset,
  NewModel,
  Readiness,
  Submission,
  Task,
  Template,
  TemplateEntry,
  Values,
  Verification
} from './types';

export { asProblem, NOT_INSTALLED, ProblemError, UNREACHABLE } from './problems';
export type { IFollower, JobEvent } from './following';
export type * from './indexes';
export { readEvents } from './streams';
export type * from './types';

/** The server extension's REST API: one method per operation. Every method throws `ProblemError`. */
export class Api {
  constructor(settings: ServerConnection.ISettings) {
    this.connection = new Connection(settings);
    this.endpoints = new EndpointsApi(this.connection);
    this.indexes = new IndexesApi(this.connection);
  }

  readonly connection: Connection;
  readonly endpoints: EndpointsApi;
  readonly indexes: IndexesApi;

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

  jobs(query: Query = {}): Promise<JobList> {
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

  /** @param options - Limits to change, named as in a submission. */
  retryJob(id: string, parameters: Values = {}, options: Values = {}): Promise<Job> {
    const path = `jobs/${encodeURIComponent(id)}/retry`;
    return this.connection.send('POST', path, { parameters, options });
  }

  /** Follow a job's events and log from the beginning to its end, through lost connections. */
  followJob(
    id: string,
    follower: IFollower,
    signal: AbortSignal,
    position?: string
  ): Promise<void> {
    return followJob(this.connection, id, follower, signal, position);
  }

  compareJobs(ids: readonly string[]): Promise<JobComparison> {
    return this.connection.get('jobs/comparison', { id: ids });
  }

  /** The address of what a job wrote. */
  jobFile(id: string, file: 'log' | 'notebook' | 'report'): string {
    return this.connection.url(`jobs/${encodeURIComponent(id)}/${file}`);
  }

  artifacts(query: Query = {}): Promise<ArtifactList> {
    return this.connection.get('artifacts', query);
  }

  artifact(ref: string): Promise<ArtifactDetail> {
    return this.connection.get(artifactPath(ref));
  }

  compareArtifacts(refs: readonly string[]): Promise<ArtifactComparison> {
    return this.connection.get('artifact-comparison', { ref: refs });
  }

  /** The text of one file, verified. */
  async artifactText(ref: string, path: string): Promise<string> {
    const parts = ['files', ...path.split('/')];
    const response = await this.connection.request(artifactPath(ref, ...parts), { method: 'GET' });
    return response.text();
  }

  /** Check the signature and every byte. That it does not hold is an answer and no error. */
  verifyArtifact(ref: string): Promise<Verification> {
    return this.connection.send('POST', artifactPath(ref, 'verify'));
  }

  lineage(ref: string): Promise<Lineage> {
    return this.connection.get(artifactPath(ref, 'lineage'));
  }

  attestation(ref: string): Promise<Envelope> {
    return this.connection.get(artifactPath(ref, 'attestation'));
  }

  /** Let an alias mean a version from now on. */
  setAlias(name: string, alias: string, version: number): Promise<unknown> {
    return this.connection.send('PUT', artifactPath(name, 'aliases', alias), { version });
  }

  removeAlias(name: string, alias: string): Promise<void> {
    return this.connection.send('DELETE', artifactPath(name, 'aliases', alias));
  }

  /** The address of what can be saved of an artifact: one file, all of it, or its attestation. */
  artifactUrl(ref: string, ...parts: string[]): string {
    return this.connection.url(artifactPath(ref, ...parts));
  }

  /** Ask for what can be saved without reading it: it throws where the server refuses to send it. */
  async offered(ref: string, ...parts: string[]): Promise<void> {
    const enough = new AbortController();
    const path = artifactPath(ref, ...parts);
    await this.connection.request(path, { method: 'GET', signal: enough.signal });
    enough.abort();
  }

  /** Whether a job could run, without queueing it. */
  preflight(submission: Submission): Promise<Readiness> {
    return this.connection.send('POST', 'preflight', submission);
  }

  firstBatch(submission: Submission): Promise<FirstBatch> {
    return this.connection.send('POST', 'preflight/batch', submission);
  }

  /** Look at a dataset, registered or not, without changing anything. */
  inspectDataset(request: InspectionRequest): Promise<Inspection> {
    return this.connection.send('POST', 'datasets/inspect', request);
  }

  addDataset(dataset: NewDataset): Promise<Task> {
    return this.connection.send('POST', 'datasets', dataset);
  }

  addModel(model: NewModel): Promise<Task> {
    return this.connection.send('POST', 'models', model);
  }

  createEnvironment(name: string): Promise<Task> {
    return this.connection.send('POST', `environments/${encodeURIComponent(name)}`, {});
  }

  async tasks(): Promise<readonly Task[]> {
    return (await this.connection.get<{ tasks: Task[] }>('tasks')).tasks;
  }

  task(id: string): Promise<Task> {
    return this.connection.get(`tasks/${encodeURIComponent(id)}`);
  }

  cancelTask(id: string): Promise<Task> {
    return this.connection.send('POST', `tasks/${encodeURIComponent(id)}/cancel`);
  }
}

function artifactPath(ref: string, ...parts: string[]): string {
  return ['artifacts', ref, ...parts].map(encodeURIComponent).join('/');
}
