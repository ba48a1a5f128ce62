import type { Api, Artifact, Template } from '../api';

/** What of an artifact decides what can be done with it. */
type Subject = Pick<Artifact, 'kind' | 'metadata'>;

type Form = NonNullable<Template['accepts']>[number];

/** Something that can be done with an artifact now: a template that takes its kind, and its form, as an input. */
export interface IStep {
  readonly template: string;
  readonly title: string;
  /** The parameter that takes the artifact. */
  readonly parameter: string;
}

/** What can be done with artifacts, by their kind and form: the templates that are there say it themselves. */
export class Steps {
  constructor(private readonly api: Api) {}

  /** What can be done with this artifact; nothing when the templates cannot be read just now. */
  async of(artifact: Subject): Promise<readonly IStep[]> {
    this.templates ??= this.load();
    try {
      return (await this.templates).flatMap(template => step(template, artifact));
    } catch {
      this.templates = null;
      return [];
    }
  }

  private async load(): Promise<readonly Template[]> {
    const entries = await this.api.templates();
    const asked = await Promise.allSettled(entries.map(({ name }) => this.api.template(name)));
    // One whose notebook is broken is no next step.
    return asked.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  private templates: Promise<readonly Template[]> | null = null;
}

/** A template's first parameter that takes this kind; a parameter that may be empty asks for something else. */
function step(template: Template, artifact: Subject): IStep[] {
  if (!fits(template, artifact)) {
    return [];
  }
  const properties = template.schema.properties as Record<string, Record<string, unknown>>;
  const [parameter] =
    Object.entries(properties).find(
      ([, schema]) => schema['x-reference'] === artifact.kind && !Array.isArray(schema.anyOf)
    ) ?? [];
  return parameter === undefined
    ? []
    : [{ template: template.name, title: template.title, parameter }];
}

/** Whether a template takes a model of this form; it takes all else. */
export function fits({ accepts }: Pick<Template, 'accepts'>, artifact: Subject): boolean {
  return artifact.kind !== 'model' || accepts === null || accepts.includes(form(artifact));
}

/** In what form a model is stored, as its signed metadata says. */
function form({ metadata }: Subject): Form {
  if (metadata.format === 'gguf') {
    return 'gguf';
  }
  if (metadata.embedding !== undefined) {
    return 'embedder';
  }
  if (String(metadata.architecture).endsWith('ForSequenceClassification')) {
    return 'reranker';
  }
  return metadata.quantization === null || metadata.quantization === undefined
    ? 'safetensors'
    : 'quantized';
}
