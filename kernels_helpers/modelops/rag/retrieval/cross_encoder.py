"""A cross-encoder of the registry as a reranker, computed in this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from modelops.errors import NonFinite
from modelops.inputs import open_artifact
from modelops.models.loading import import_transformers, quiet
from modelops.models.rerankers import load_cross_encoder, not_a_reranker
from modelops.registry import VerifiedArtifact


class CrossEncoderReranker:
    """A model of sequences with one score, such as those trained on MS MARCO. For use in one thread."""

    def __init__(self, model: Any, name: str) -> None:
        self.name = name
        self._model = model

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """The model's scores as it gives them; raises ``NonFinite``."""
        if not passages:
            return []
        pairs = [(question, passage) for passage in passages]
        found = np.asarray(self._model.predict(pairs, batch_size=8, show_progress_bar=False), np.float64)
        if not np.isfinite(found).all():
            raise NonFinite(f"{self.name} gave scores that are NaN or infinite.", "Use another reranker.")
        scores: list[float] = found.tolist()
        return scores


def open_cross_encoder(source: str | VerifiedArtifact) -> CrossEncoderReranker:
    """The cross-encoder that a reference names, verified, and noted as an input.

    Raises ``InvalidInput`` (``not_a_reranker``), ``Unavailable`` (``rag_not_installed``), ``NotFound``, and
    ``VerificationError`` with the reason.
    """
    verified = open_artifact(source) if isinstance(source, str) else source
    artifact = verified.artifact
    if artifact.kind != "model":
        raise not_a_reranker(artifact.ref, artifact.kind)
    return cross_encoder(verified.path, artifact.ref)


def cross_encoder(folder: Path, name: str) -> CrossEncoderReranker:
    """The cross-encoder in a folder of verified files; raises as :func:`open_cross_encoder` does."""
    with quiet(import_transformers()):
        return CrossEncoderReranker(load_cross_encoder(folder, name), name)
