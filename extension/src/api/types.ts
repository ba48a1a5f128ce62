/** What the API speaks of, as its OpenAPI document says; `jlpm types` makes `schema.ts` anew. */

import type { components } from './schema';

type Schemas = components['schemas'];

export type JsonValue =
  null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** Values of parameters, by name. */
export type Values = Readonly<Record<string, JsonValue>>;

export type Health = Schemas['Health'];
export type Job = Schemas['Job'];
export type JobDetail = Schemas['JobDetail'];
export type JobState = Schemas['JobState'];
export type Attempt = Schemas['Attempt'];
export type Reason = Schemas['Reason'];

/** What is asked for when a job is submitted; what is left out has its default. */
export type Submission = Partial<Schemas['Submission']> &
  Pick<Schemas['Submission'], 'template' | 'parameters'>;

export type Artifact = Readonly<{
  ref: string;
  name: string;
  version: number;
  kind: string;
  created: string;
  size: number;
  digest: string;
  job: string | null;
  aliases: readonly string[];
  metadata: Readonly<Record<string, JsonValue>>;
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
