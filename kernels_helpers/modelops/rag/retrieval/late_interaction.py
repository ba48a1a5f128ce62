"""An embedding model as a reranker: question and passage are compared token by token, not as one vector each.

For each token of the question the most similar token of the passage counts (Khattab and Zaharia: ColBERT, 2020). A
model that was not trained for it gives good vectors of tokens all the same, and no other model is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

from modelops.rag.embedding import LocalEmbedder, open_embedder
from modelops.registry import VerifiedArtifact


class LateInteractionReranker:
    """Scores are mean cosines, -1 to 1. For use in one thread."""

    def __init__(self, embedder: LocalEmbedder) -> None:
        self.name = embedder.name
        self._embedder = embedder

    def scores(self, question: str, passages: Sequence[str]) -> list[float]:
        """The mean over the question's tokens of the cosine with the passage's nearest; 0 where either has none."""
        [asked] = self._embedder.token_vectors([question], questions=True)
        told = self._embedder.token_vectors(passages)
        return [float((asked @ tokens.T).max(axis=1).mean()) if asked.size and tokens.size else 0.0 for tokens in told]


def open_late_interaction(source: str | VerifiedArtifact) -> LateInteractionReranker:
    """The embedding model that a reference names, as a reranker; raises as ``open_embedder`` does."""
    return LateInteractionReranker(open_embedder(source))
