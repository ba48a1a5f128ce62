"""Vectors by an endpoint, through the OpenAI API; pinned to the artifact that it serves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from modelops.errors import InvalidInput, VerificationError
from modelops.inputs import open_artifact
from modelops.models import EmbedderInfo, inspect_embedder, is_embedder, load_tokenizer
from modelops.models.loading import import_transformers, quiet
from modelops.rag.embedding.embedder import OnProgress, Vectors, of_length_one
from modelops.registry import Registry

_AT_ONCE = 16
"""Texts of one request."""


class EndpointLike(Protocol):
    """What is needed of :class:`modelops.client.Endpoint`."""

    record: dict[str, Any]

    @property
    def name(self) -> str: ...

    def refresh(self) -> EndpointLike: ...

    def embed(self, texts: Sequence[str | list[int]]) -> list[list[float]]: ...


class EndpointEmbedder:
    """An endpoint that serves an embedding model, and the tokenizer of that model."""

    def __init__(self, endpoint: EndpointLike, tokenizer: Any, info: EmbedderInfo, *, name: str, digest: str) -> None:
        self.name, self.digest = name, digest
        self._endpoint, self._tokenizer = endpoint, tokenizer
        self.dimension = info.dimension or 0
        self.max_tokens = info.max_tokens or 0
        self._document_prompt, self._query_prompt = info.document_prompt or "", info.query_prompt or ""

    def count(self, text: str) -> int:
        """Tokens of a document's text, its prompt and the tokenizer's own included."""
        return len(self._tokenizer(self._document_prompt + text, verbose=False)["input_ids"])

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        """The vectors of passages; raises ``VerificationError`` (``digest_differs``) once it serves something else."""
        return self._embed([self._document_prompt + text for text in texts], on_progress)

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """The vectors of questions."""
        return self._embed([self._query_prompt + text for text in texts], None)

    def _embed(self, texts: list[str], on_progress: OnProgress | None) -> Vectors:
        rows: list[list[float]] = []
        for start in range(0, len(texts), _AT_ONCE):
            some = texts[start : start + _AT_ONCE]
            # As token ids, cut off where the model stops reading: an endpoint refuses longer texts.
            ids = self._tokenizer(some, truncation=True, max_length=self.max_tokens)["input_ids"]
            rows += self._endpoint.embed(ids)
            if on_progress is not None:
                on_progress(len(rows), len(texts))
        _require(self._endpoint.refresh().record, self.name, self.digest)
        vectors = np.asarray(rows, np.float32).reshape(len(texts), -1)
        if texts and vectors.shape[1] != self.dimension:
            raise InvalidInput(
                "dimension_differs",
                f"The endpoint {self._endpoint.name} made vectors of {vectors.shape[1]} numbers; {self.name} has "
                f"{self.dimension}.",
                "Restart the endpoint.",
            )
        return of_length_one(vectors.reshape(len(texts), self.dimension), self.name)


def open_endpoint_embedder(endpoint: EndpointLike, model: str | None = None) -> EndpointEmbedder:
    """What an endpoint of an embedding model computes with; its artifact is verified and noted as an input.

    ``model`` is the artifact that it has to serve. Raises ``InvalidInput`` (``not_an_embedder``, ``embedder_differs``),
    ``VerificationError`` (``digest_differs``) where the registry here holds something else under its name, and what
    verifying raises.
    """
    verified = open_artifact(str(endpoint.record["ref"]))
    artifact = verified.artifact
    if model is not None and Registry().get(model).digest != artifact.digest:
        raise InvalidInput(
            "embedder_differs",
            f"The endpoint {endpoint.name} serves {artifact.ref}, not {model}.",
            f"Choose {artifact.ref}, or serve the other: modelops endpoints start {model}",
        )
    _require(endpoint.record, artifact.ref, artifact.digest)
    if artifact.kind != "model" or not is_embedder(verified.path):
        raise InvalidInput(
            "not_an_embedder",
            f"The endpoint {endpoint.name} serves {artifact.ref}, which is no embedding model.",
            "Serve one: modelops endpoints start minilm",
        )
    with quiet(import_transformers()):
        tokenizer = load_tokenizer(verified.path)
    return EndpointEmbedder(
        endpoint, tokenizer, inspect_embedder(verified.path), name=artifact.ref, digest=artifact.digest
    )


def _require(record: dict[str, Any], ref: str, digest: str) -> None:
    found = record.get("digest")
    if found != digest:
        raise VerificationError(
            "digest_differs",
            f"The endpoint {record.get('name')} no longer serves {ref}.",
            "Serve that again, or build the index anew.",
            expected=digest,
            found=found,
        )
