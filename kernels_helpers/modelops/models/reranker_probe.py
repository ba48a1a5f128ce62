"""Asks an imported cross-encoder whether its scores mean something, before anything is signed.

Like an embedding model, it loads and gives scores whatever its weights hold. It gets questions, each with a passage
that answers it, and must score that one above those that answer the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelops.errors import InvalidInput, NonFinite
from modelops.models.embedders import import_sentence_transformers
from modelops.models.loading import import_transformers, quiet
from modelops.models.reports import CANNOT_LOAD, refuse_missing, unsupported
from modelops.models.rerankers import load_cross_encoder

ANSWERED = (
    ("How do I take a splinter out of a finger?", "To remove a splinter, pull it from the finger with clean tweezers."),
    ("What is the capital of France?", "Paris is the capital and the largest city of France."),
    ("Why is the sky blue?", "The sky looks blue because air scatters the blue part of sunlight most."),
    ("How long does it take to boil an egg?", "An egg boils hard in ten minutes, and soft in about five."),
    ("Who wrote Romeo and Juliet?", "Romeo and Juliet is a tragedy that William Shakespeare wrote."),
    ("How can I sort a list in Python?", "A Python list is sorted in place by its method sort()."),
    ("What do bees make honey from?", "Bees make honey from the nectar of flowers, which they collect."),
    ("When should I change the oil of my car?", "The oil of a car should be changed every 10,000 kilometres."),
)
LEAST_MATCHED = 0.75
"""Share of the questions that must find their answer; by chance it is one in eight."""


@dataclass(frozen=True)
class RerankerProbe:
    """Share of the questions whose own passage has the best score."""

    matched: float

    def as_metadata(self) -> dict[str, str]:
        """The figure as text, as signed metadata wants it."""
        return {"matched": f"{self.matched:.4f}"}


def probe_reranker(folder: Path) -> RerankerProbe:
    """Load the cross-encoder in ``folder`` and score :data:`ANSWERED`; raise unless that makes sense.

    Raises ``InvalidInput``: ``incomplete_weights``, ``unsupported_architecture``, ``not_a_reranker``,
    ``implausible_model`` when questions do not find their passages; ``NonFinite``.
    """
    import numpy as np

    sentence_transformers, transformers = import_sentence_transformers(), import_transformers()
    with quiet(transformers):
        try:
            refuse_missing(transformers.AutoModelForSequenceClassification, folder)
            model = load_cross_encoder(folder, "The model")
            pairs = [(question, passage) for question, _ in ANSWERED for _, passage in ANSWERED]
            scores = np.asarray(model.predict(pairs, batch_size=8, show_progress_bar=False), np.float64)
        except CANNOT_LOAD as error:
            raise unsupported(error, sentence_transformers.__version__) from error
    if not np.isfinite(scores).all():
        raise NonFinite("The model's scores of plain sentences hold NaN or infinity.", "Fetch the model again.")
    best = scores.reshape(len(ANSWERED), len(ANSWERED)).argmax(axis=1)
    probe = RerankerProbe(float((best == np.arange(len(ANSWERED))).mean()))
    if probe.matched < LEAST_MATCHED:
        raise InvalidInput(
            "implausible_model",
            f"The model loads, but for only {probe.matched:.0%} of plain questions it scores the passage highest that "
            "answers them. Its weights are probably damaged.",
            "Fetch or convert it again. An untrained model, or one of other text, can skip the probe (--no-probe).",
            **probe.as_metadata(),
        )
    return probe
