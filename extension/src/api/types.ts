/** What the API speaks of, as its OpenAPI document says; `jlpm types` makes `schema.ts` anew. */

import type { components } from './schema';

type Schemas = components['schemas'];

export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Values of parameters, by name. */
export type Values = Readonly<Record<string, JsonValue>>;

export type Health = Schemas['Health'];

export type Job = Schemas['Job'];
export type JobList = Schemas['JobList'];
export type ListedJob = Schemas['ListedJob'];
export type JobDetail = Schemas['JobDetail'];
export type JobComparison = Schemas['JobComparison'];
export type ComparedValue = Schemas['ComparedValue'];
export type JobState = Schemas['JobState'];
export type Attempt = Schemas['Attempt'];
export type Reason = Schemas['Reason'];

/** What is asked for when a job is submitted; what is left out has its default. */
export type Submission = Partial<Schemas['Submission']> &
  Pick<Schemas['Submission'], 'template' | 'parameters'>;

export type ArtifactKind = Schemas['ArtifactKind'];
export type Artifact = Schemas['ArtifactSummary'];
export type ArtifactList = Schemas['ArtifactList'];
export type ArtifactFile = Schemas['ArtifactFile'];
export type ArtifactDetail = Schemas['ArtifactDetail'];
export type Verification = Schemas['Verification'];
export type Details = Schemas['Details'];
export type Lineage = Schemas['Lineage'];

/** A signed statement in its envelope (DSSE); the payload is JSON in base64. */
export type Envelope = Readonly<{
  payload: string;
  payloadType: string;
  signatures: readonly Readonly<{ keyid?: string; sig: string }>[];
}>;

export type TemplateEntry = Readonly<{
  name: string;
  path: string;
  title: string;
  kind: string;
  summary: string;
  produces: readonly string[];
}>;

export type Template = TemplateEntry &
  Readonly<{
    requires: readonly string[];
    resumable: boolean;
    schema: Readonly<Record<string, JsonValue>>;
  }>;
