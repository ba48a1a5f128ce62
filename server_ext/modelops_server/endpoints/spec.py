"""What an endpoint is asked to be: kept in its folder, read by its keeper."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

ParityPolicy = Literal["refuse", "warn", "off"]
"""What happens where an endpoint does not answer as its model did when it was evaluated."""

Task = Literal["generate", "embed", "search"]
"""What an endpoint does: write text, make vectors of texts, or search an index."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Options(_Part):
    """How a model is served."""

    context: int | None = Field(None, ge=64, le=10_000_000)
    """Most tokens of prompt and answer of one request; ``None``: what the model was made for, up to a limit."""
    parallel: int = Field(4, ge=1, le=256)
    """Requests that are answered at the same time."""
    threads: int | None = Field(None, ge=1, le=1024)
    """Threads that compute; ``None``: as many as there are cores."""
    gpus: int | None = Field(None, ge=0, le=64)
    """GPUs that it is given; ``None``: what its engine wants, where the machine has any."""
    max_memory: int | None = Field(None, ge=1)
    """Bytes of resident memory above which the engine is ended and started anew."""
    idle_minutes: float | None = Field(None, gt=0, le=100_000)
    """Minutes without a request after which the endpoint stops."""
    parity: ParityPolicy = "refuse"
    allow_rejected: bool = False
    """Whether a model that did not pass its gate may be served all the same."""


class ServedArtifact(_Part):
    """A version of an artifact, by reference and digest."""

    ref: str
    digest: str

    @property
    def name(self) -> str:
        """The artifact's name without its version."""
        return self.ref.partition("@")[0]


class EndpointSpec(_Part):
    """One endpoint: a model, the adapters beside it, and the engine that runs them; or an index with its embedder."""

    name: str
    task: Task = "generate"
    model: ServedArtifact
    """The model whose weights are loaded, or the index."""
    embedder: ServedArtifact | None = None
    """Of an index: the model that its vectors were made with."""
    reranker: ServedArtifact | None = None
    """Of an index: the model that has the last word on what was found."""
    adapters: tuple[ServedArtifact, ...] = ()
    """The adapters that a request can choose, as ``<endpoint>/<adapter>``."""
    default_adapter: str | None = None
    """The name of the adapter that is applied where a request names the endpoint alone."""
    engine: str
    gpus: tuple[str, ...] = ()
    """The GPUs that it holds, as ``CUDA_VISIBLE_DEVICES`` takes them."""
    options: Options = Options()
    """With the numbers that were chosen where nobody asked for any."""
    created: str

    @property
    def artifacts(self) -> tuple[ServedArtifact, ...]:
        """Everything that is verified and loaded."""
        return (self.model, *self.adapters, *(one for one in (self.embedder, self.reranker) if one))

    @property
    def target(self) -> ServedArtifact:
        """What a request gets that names the endpoint alone."""
        return next((adapter for adapter in self.adapters if adapter.name == self.default_adapter), self.model)

    @property
    def model_names(self) -> dict[str, ServedArtifact]:
        """What requests of the OpenAI API may name, each with the artifact that answers; an index answers none."""
        if self.task == "search":
            return {}
        others = (adapter for adapter in self.adapters if adapter.name != self.default_adapter)
        return {self.name: self.target, **{f"{self.name}/{adapter.name}": adapter for adapter in others}}
