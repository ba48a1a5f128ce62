"""Answers of ``endpoints``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from modelops_server.handlers.answers.base import Answer, Digest, Time
from modelops_server.handlers.answers.problems import Details


class EndpointReason(Answer):
    """Why an endpoint is not as it should be, or why it ended."""

    code: str
    detail: str
    hint: str


class EndpointOptions(Answer):
    """How a model is served."""

    context: int | None = Field(description="Most tokens of prompt and answer of one request.")
    parallel: int = Field(description="Requests that are answered at the same time.")
    threads: int | None
    gpus: int | None = Field(description="GPUs that were asked for; `null`: what its engine is given by itself.")
    max_memory: int | None = Field(description="Bytes above which the engine is started anew.")
    idle_minutes: float | None = Field(description="Minutes without a request after which it stops.")
    parity: Literal["refuse", "warn", "off"]
    allow_rejected: bool


class Percentiles(Answer):
    """Of the last requests, in seconds."""

    p50: float
    p95: float
    p99: float


class Traffic(Answer):
    """What has passed through an endpoint since the Jupyter server was started."""

    running: int = Field(description="Requests that are answered now.")
    waiting: int = Field(description="Requests that wait for their turn.")
    requests: int
    errors: int
    tokens: int = Field(description="Tokens that were written.")
    tokens_per_second: float = Field(description="Of the last 30 seconds.")
    first_token: Percentiles | None = Field(description="Until a stream begins; of the last 1,000 requests.")
    latency: Percentiles | None = Field(description="Until the answer ends; of the last 1,000 requests.")


class Endpoint(Answer):
    """A running server of a model artifact, with the OpenAI API; or one that ran."""

    name: str
    task: Literal["generate", "embed", "search"] = Field(
        description="Whether it writes text, makes vectors of texts, or searches an index."
    )
    ref: str = Field(description="What a request gets that names the endpoint alone: a model, an adapter or an index.")
    digest: Digest
    model: str = Field(description="The model whose weights are loaded, or the index.")
    embedder: str | None = Field(description="Of an index: the model that its vectors were made with.")
    reranker: str | None = Field(description="Of an index: the model that orders what was found.")
    adapters: list[str]
    engine: str
    gpus: list[str]
    options: EndpointOptions
    state: Literal["starting", "ready", "restarting", "stopping", "stopped", "failed"]
    text: str = Field(description="What is being done now.")
    reason: EndpointReason | None
    model_names: list[str] = Field(description="What requests may name; empty while it is not ready.")
    context: int | None
    created: Time
    ready_since: Time | None
    restarts: int
    memory: int | None = Field(description="Resident bytes of its engine.")
    parity: list[dict[str, Any]] = Field(description="What a comparison with the model's evaluation found.")
    traffic: Traffic


class EndpointList(Answer):
    """All endpoints, by name."""

    endpoints: list[Endpoint]


class EngineChoice(Answer):
    """An engine, and whether it can serve what was asked for."""

    name: str
    title: str
    problem: Details | None = Field(description="Why it cannot.")


class EndpointPlan(Answer):
    """What would be started."""

    problem: Details | None = Field(description="What is in the way; then the rest may be unknown.")
    name: str | None
    engine: str | None
    context: int | None
    memory: dict[str, int] = Field(description="Bytes that it takes, by part.")
    free: int = Field(description="Bytes of memory that are free.")
    engines: list[EngineChoice]
    adapters: list[str] = Field(description="Adapters that can be served beside the model: the newest that fit it.")


class EndpointKey(Answer):
    """A key by which somebody without a login may use one endpoint."""

    id: str
    created: Time


class NewEndpointKey(EndpointKey):
    """A key that was just made; it is shown this once."""

    key: str


class EndpointKeys(Answer):
    """The keys to an endpoint."""

    keys: list[EndpointKey]
