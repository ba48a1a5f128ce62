"""What an index says of itself before it is opened: whose vectors it holds, and what it takes in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.errors import InvalidInput, NotFound, VerificationError
from modelops.models.rerankers import is_reranker, not_a_reranker
from modelops.registry import Artifact, Registry

if TYPE_CHECKING:
    from modelops.rag.index import IndexRecord

_PER_CHARACTER = 2
"""Bytes of a character: once in its document, once in its chunk."""
_PER_CHUNK = 800
"""Bytes of a chunk beside its text: its place, its headings, its row among the objects of Python."""


def embedder_of(registry: Registry, index: Artifact) -> Artifact:
    """The embedding model that an index was made with, which alone can ask it.

    Raises ``NotFound`` (``embedder_missing``), ``VerificationError`` (``embedder_differs``) where another model has its
    name, and ``InvalidInput`` for what cannot be read.
    """
    own = _record(registry, index).embedder
    # By its digest: where it was imported, it may have got another version.
    if found := registry.index.by_digest([own.digest]):
        return found[0]
    try:
        other = registry.get(own.ref)
    except NotFound as error:
        raise NotFound(
            "embedder_missing",
            f"The embedding model that {index.ref} was made with, {own.ref}, is not in this registry.",
            "Import it first: modelops artifacts import FILE",
        ) from error
    raise VerificationError(
        "embedder_differs",
        f"{index.ref} was made with another {own.ref} than the one in this registry: their vectors cannot be compared.",
        "Import the model that it was made with, or build the index again.",
        expected=own.digest,
        found=other.digest,
    )


def reranker_of(registry: Registry, index: Artifact, ref: str) -> Artifact:
    """The cross-encoder or embedding model that ``ref`` names.

    Raises ``InvalidInput`` (``reranker_not_used``, ``not_a_reranker``), and what the registry raises.
    """
    if index.kind != "index":
        raise InvalidInput(
            "reranker_not_used",
            f"{index.ref} is of kind {index.kind}: there is nothing to rerank.",
            "Leave the reranker out, or serve an index.",
        )
    reranker = registry.get(ref)
    architecture = reranker.metadata.get("architecture")
    if reranker.kind != "model" or not (is_reranker(architecture) or "embedding" in reranker.metadata):
        raise not_a_reranker(reranker.ref, str(architecture or reranker.kind))
    return reranker


def index_memory(registry: Registry, index: Artifact) -> dict[str, int]:
    """Bytes of an index in memory, by part: its vectors, and its texts with the words that they are found by."""
    from modelops.rag.index.records import VECTORS, WORDS

    counts = _record(registry, index).counts
    vectors = sum(file.size for file in index.files if file.path == VECTORS)
    words = sum(file.size for file in index.files if file.path.startswith(f"{WORDS}/"))
    texts = _PER_CHARACTER * counts.characters + _PER_CHUNK * counts.chunks
    return {"vectors": vectors, "texts": texts + words}


def _record(registry: Registry, index: Artifact) -> IndexRecord:
    from modelops.rag.index.opening import read_record
    from modelops.rag.index.records import RECORD

    file = next((file for file in index.files if file.path == RECORD), None)
    if file is None:
        raise InvalidInput("not_an_index", f"There is no {RECORD} in {index.ref}.", "Build the index again.")
    return read_record(registry.blobs.path(file.sha256))
