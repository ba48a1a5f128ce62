"""Asks an imported embedding model whether its vectors mean something, before anything is signed.

Its weights can load without an error and be wrong all the same, and then it still makes vectors. It gets sentences in
pairs that say the same in other words, and must find to each its partner among all the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, NonFinite
from modelops.models.embedders import import_sentence_transformers, inspect_embedder, load_embedder
from modelops.models.loading import import_transformers, quiet
from modelops.models.reports import CANNOT_LOAD, refuse_missing, unsupported

PAIRS = (
    ("The doctor gave her some medicine for the pain.", "A physician prescribed a drug against her ache."),
    ("A small child is sleeping in its bed.", "The baby naps in the cradle."),
    ("Shares on the stock exchange fell sharply today.", "Markets had a bad day as investors sold equities."),
    ("How can I learn to play the piano?", "What is the best way to study a keyboard instrument?"),
    ("It rained all night and the streets are flooded.", "After the storm water covers every road in town."),
    ("The team won the football match.", "Our side beat its opponents at soccer."),
    ("She bought a cheap used car.", "An inexpensive second-hand vehicle was purchased by her."),
    ("The restaurant serves excellent Italian food.", "You can eat great pasta and pizza at this place."),
)
LEAST_MATCHED = 0.75
"""Share of the sentences that must find their partner: all-MiniLM-L6-v2 finds each; by chance it is one in fifteen."""

_UNUSED = ("pooler.", "embeddings.position_ids")
"""Tensors that models carry or lack without a difference to their vectors."""


@dataclass(frozen=True)
class EmbeddingProbe:
    """Mean cosines of sentences that say the same and of those that do not; how many sentences found their partner."""

    similar: float
    dissimilar: float
    matched: float

    def as_metadata(self) -> dict[str, str]:
        """The figures as text, as signed metadata wants them."""
        return {name: f"{value:.4f}" for name, value in vars(self).items()}


def probe_embedder(folder: Path) -> EmbeddingProbe:
    """Load the embedding model in ``folder`` and compare its vectors of :data:`PAIRS`; raise unless they make sense.

    Raises ``InvalidInput``: ``incomplete_weights``, ``unsupported_architecture``, ``implausible_model`` when sentences
    do not find their partners, or vectors have another length or size than the files say; ``NonFinite``.
    """
    import numpy as np

    sentence_transformers, transformers = import_sentence_transformers(), import_transformers()
    info = inspect_embedder(folder)
    with quiet(transformers):
        try:
            refuse_missing(transformers.AutoModel, folder, _UNUSED)
            model = load_embedder(folder)
            vectors = model.encode([text for pair in PAIRS for text in pair], show_progress_bar=False)
        except CANNOT_LOAD as error:
            raise unsupported(error, sentence_transformers.__version__) from error
    if not np.isfinite(vectors).all():
        raise NonFinite("The model's vectors of plain sentences hold NaN or infinity.", "Fetch the model again.")
    lengths = np.linalg.norm(vectors, axis=1)
    if vectors.shape[1] != info.dimension:
        raise _implausible(f"its vectors have {vectors.shape[1]} numbers, not the {info.dimension} that its files say")
    if info.normalised and np.abs(lengths - 1).max() > 1e-3:
        raise _implausible("its vectors should have length 1 and do not")
    probe = _compare(vectors / np.maximum(lengths, 1e-12)[:, None])
    if probe.matched < LEAST_MATCHED:
        raise _implausible(
            f"only {probe.matched:.0%} of plain sentences are closest to the one that says the same", **vars(probe)
        )
    return probe


def _compare(vectors: Any) -> EmbeddingProbe:
    import numpy as np

    cosines = (vectors @ vectors.T).astype(float)
    rows = np.arange(len(vectors))
    partners = rows ^ 1
    others = ~(np.eye(len(vectors), dtype=bool) | (rows[:, None] == partners))
    np.fill_diagonal(cosines, -np.inf)
    return EmbeddingProbe(
        similar=float(cosines[rows, partners].mean()),
        dissimilar=float(cosines[others].mean()),
        matched=float((cosines.argmax(axis=1) == partners).mean()),
    )


def _implausible(reason: str, **figures: float) -> InvalidInput:
    return InvalidInput(
        "implausible_model",
        f"The model loads, but {reason}. Its weights are probably damaged.",
        "Fetch or convert it again. An untrained model, or one of other text, can skip the probe (--no-probe).",
        **{name: f"{value:.4f}" for name, value in figures.items()},
    )
