"""The vectors of many texts: taken from what is known already, and only otherwise computed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modelops.rag.embedding.embedder import Embedder, OnProgress, Vectors
from modelops.rag.embedding.journal import VectorJournal, text_digest

_AT_ONCE = 256
"""Texts that are computed before their vectors are kept."""


@dataclass(frozen=True)
class Embedded:
    """The vectors of texts, and where they came from."""

    vectors: Vectors
    computed: int
    """Texts that the embedder was asked for."""
    taken_over: int
    """Texts whose vectors were known from before: from an earlier index, or a run that was cut off."""
    repeated: int
    """Texts that stand more than once, and were computed once."""
    seconds: float
    """What the computing took."""


def embed_missing(
    texts: Sequence[str],
    embedder: Embedder,
    *,
    known: Mapping[bytes, Vectors],
    journal: VectorJournal | None = None,
    on_progress: OnProgress | None = None,
) -> Embedded:
    """The vectors of ``texts``; ``known`` are those of this very embedder, by the digest of the text.

    What is computed is kept in ``journal`` as it comes. Raises what the embedder raises.
    """
    digests = [text_digest(text) for text in texts]
    found: dict[bytes, Vectors] = {}
    missing: dict[bytes, str] = {}
    for digest, text in zip(digests, texts, strict=True):
        vector = known.get(digest)
        if vector is None and journal is not None:
            vector = journal.vectors.get(digest)
        if vector is None:
            missing[digest] = text
        else:
            found[digest] = vector
    taken_over = sum(digest in found for digest in digests)
    # Those of about one length beside each other waste least on padding.
    ordered = sorted(missing, key=lambda digest: (-len(missing[digest]), digest))
    began, done = time.perf_counter(), taken_over
    if on_progress is not None:
        on_progress(done, len(texts))
    for start in range(0, len(ordered), _AT_ONCE):
        some = ordered[start : start + _AT_ONCE]
        vectors = embedder.embed_documents([missing[digest] for digest in some])
        if journal is not None:
            journal.append(some, vectors)
        found.update(zip(some, vectors, strict=True))
        done += len(some)
        if on_progress is not None:
            on_progress(min(done, len(texts)), len(texts))
    shape = (len(texts), embedder.dimension)
    return Embedded(
        vectors=np.stack([found[digest] for digest in digests]) if texts else np.empty(shape, np.float32),
        computed=len(missing),
        taken_over=taken_over,
        repeated=len(texts) - taken_over - len(missing),
        seconds=time.perf_counter() - began,
    )
