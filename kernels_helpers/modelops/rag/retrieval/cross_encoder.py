"""A cross-encoder of the registry as a reranker, computed in this process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from modelops.errors import InvalidInput, NonFinite
from modelops.inputs import open_artifact
from modelops.models import inspect_model
from modelops.models.embedders import import_sentence_transformers
from modelops.models.loading import import_transformers, quiet
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
    architecture = inspect_model(verified.path).architecture if artifact.kind == "model" else artifact.kind
    if not architecture.endswith("ForSequenceClassification"):
        raise _refused(artifact.ref, architecture)
    with quiet(import_transformers()):
        model = import_sentence_transformers().CrossEncoder(
            str(verified.path),
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True, "dtype": "float32"},
        )
    if model.num_labels != 1:
        raise _refused(artifact.ref, f"a classifier of {model.num_labels} labels")
    return CrossEncoderReranker(model, artifact.ref)


def _refused(ref: str, what: str) -> InvalidInput:
    return InvalidInput(
        "not_a_reranker",
        f"{ref} ({what}) does not score a question and a passage.",
        "Choose a cross-encoder: a model for sequence classification with one label.",
    )
