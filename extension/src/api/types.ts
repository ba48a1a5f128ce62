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
export type Proposal = Schemas['Proposal'];
export type JobState = Schemas['JobState'];
export type Attempt = Schemas['Attempt'];
export type Reason = Schemas['Reason'];

/** What is asked for when a job is submitted; what is left out has its default. */
export type Submission = Partial<Schemas['Submission']> &
  Pick<Schemas['Submission'], 'template' | 'parameters'>;

export type ArtifactKind = Schemas['ArtifactKind'];
export type Artifact = Schemas['ArtifactSummary'];
export type ArtifactList = Schemas['ArtifactList'];
export type ArtifactComparison = Schemas['ArtifactComparison'];
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

export type TemplateEntry = Schemas['TemplateEntry'];

export type Template = Omit<Schemas['Template'], 'presets' | 'schema'> &
  Readonly<{
    /** Values of parameters, by the title of what they are for. */
    presets: Readonly<Record<string, Values>>;
    /** JSON Schema of the parameters. */
    schema: Readonly<Record<string, JsonValue>>;
  }>;

export type Task = Schemas['Task'];
export type NewModel = Omit<Schemas['NewModel'], 'probe'> & Partial<Schemas['NewModel']>;
export type NewDataset = Partial<Schemas['NewDataset']> & Pick<Schemas['NewDataset'], 'name'>;
export type DatasetFormat = Schemas['NewDataset']['format'];

/** What was seen in a dataset, registered or not. */
export type Inspection = Omit<Schemas['DatasetReport'], 'preview'> &
  Readonly<{ preview: readonly Row[] }>;
export type InspectionRequest = Partial<Schemas['DatasetInspection']>;
export type BadRow = Schemas['BadRow'];
export type Bin = Schemas['Bin'];

/** A row of a dataset in its canonical form: a chat, or plain text. */
export type Row = Readonly<{
  split: string;
  messages?: readonly Readonly<{ role: string; content: string }>[] | null;
  text?: string | null;
}>;

export type Readiness = Schemas['Readiness'];
export type FieldProblem = Readiness['fields'][number];
export type Check = Schemas['Check'];
/** What mends what is not ready: parameters to change, something to do in the panel, or a command. */
export type Mend = Schemas['Mend'];
export type FirstBatch = Schemas['FirstBatch'];
export type BatchToken = FirstBatch['rows'][number]['tokens'][number];

/** A running server of a model artifact, or one that ran. */
export type Endpoint = Schemas['Endpoint'];
export type EndpointState = Endpoint['state'];
export type EndpointPlan = Schemas['EndpointPlan'];
export type EndpointKey = Schemas['EndpointKey'];
export type NewEndpointKey = Schemas['NewEndpointKey'];
export type Percentiles = Schemas['Percentiles'];

/** What is asked for when an endpoint is started; what is left out has its default. */
export type NewEndpoint = Pick<Schemas['NewEndpoint'], 'ref'> &
  Partial<Omit<Schemas['NewEndpoint'], 'options'>> &
  Readonly<{ options?: Partial<Schemas['Options']> }>;

/** A passage that a search found, with what each step thought of it. */
export type Hit = Schemas['Hit'];
export type SearchSettings = Partial<Schemas['HowToSearch']>;
/** What is in an index, and what was left out of it. */
export type IndexContent = Schemas['Documents'];
/** The text of a document of an index, and where its chunks are. */
export type IndexedDocument = Schemas['Document'];
