import { Api, Artifact, ArtifactDetail, Task } from '../api';
import { Resource } from '../loaded';
import type { ReferenceKind } from './parameters';

/** So many versions of one kind are offered; the rest can be named in a job's form by hand. */
const OFFERED = 500;

/** What the pickers offer: the artifacts of each kind, and what is being added to them. */
export class References {
  constructor(private readonly api: Api) {
    this.tasks = new Resource(() => api.tasks());
    void this.tasks.refresh();
  }

  /** The registered artifacts of one kind, newest first. */
  of(kind: ReferenceKind): Resource<readonly Artifact[]> {
    return kept(
      this.kinds,
      kind,
      () => new Resource(async () => (await this.api.artifacts({ kind, limit: OFFERED })).artifacts)
    );
  }

  /** One artifact, with whether its signature holds. */
  detail(ref: string): Resource<ArtifactDetail> {
    return kept(this.details, ref, () => new Resource(() => this.api.artifact(ref)));
  }

  /** What the server is adding already, such as since before the page was reloaded. */
  readonly tasks: Resource<readonly Task[]>;

  dispose(): void {
    for (const resource of [...this.kinds.values(), ...this.details.values(), this.tasks]) {
      resource.dispose();
    }
  }

  private readonly kinds = new Map<string, Resource<readonly Artifact[]>>();
  private readonly details = new Map<string, Resource<ArtifactDetail>>();
}

/** The resource of a key; made and asked for when it is first wanted. */
function kept<T>(
  resources: Map<string, Resource<T>>,
  key: string,
  make: () => Resource<T>
): Resource<T> {
  let resource = resources.get(key);
  if (!resource) {
    resource = make();
    resources.set(key, resource);
    void resource.refresh();
  }
  return resource;
}

/** The artifact that a reference means: `name@3`, `name@alias`, or the newest of `name`. */
export function meant(artifacts: readonly Artifact[], reference: string): Artifact | null {
  const [name, selector] = reference.split('@');
  const versions = artifacts.filter(artifact => artifact.name === name);
  if (selector === undefined) {
    return newest(versions);
  }
  const chosen = ({ aliases, version }: Artifact): boolean =>
    String(version) === selector || aliases.includes(selector);
  return versions.find(chosen) ?? null;
}

/** How an artifact is written into the form: by its name alone where it is the newest, so that the next version follows. */
export function reference(artifacts: readonly Artifact[], artifact: Artifact): string {
  const versions = artifacts.filter(({ name }) => name === artifact.name);
  return newest(versions)?.version === artifact.version ? artifact.name : artifact.ref;
}

function newest(versions: readonly Artifact[]): Artifact | null {
  return versions.reduce<Artifact | null>(
    (best, next) => (best === null || next.version > best.version ? next : best),
    null
  );
}
