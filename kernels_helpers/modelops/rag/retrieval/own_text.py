"""Whether passages are found by their own text: what an index that was made wrongly fails, whatever is wrong."""

from __future__ import annotations

import numpy as np

from modelops.errors import InvalidInput
from modelops.rag.index import Index
from modelops.rag.retrieval.searching import search
from modelops.rag.retrieval.settings import SearchSettings

_LEAST = 0.5


def found_by_own_text(index: Index, most: int = 50) -> float:
    """The share of passages that are among the five nearest to their own text, by vectors alone.

    ``most`` passages, evenly spread, are looked for. Raises ``InvalidInput`` (``index_finds_nothing``) where that is
    less than half of them.
    """
    once = np.unique(index.first_of)  # of those with the same words only the first is found
    asked = [index.chunks[number] for number in once[:: -(-len(once) // most)]]
    settings = SearchSettings(method="dense", top_k=5)
    found = sum(chunk in [hit.chunk for hit in search(index, chunk.text, settings)] for chunk in asked)
    share = found / len(asked)
    if share < _LEAST:
        raise InvalidInput(
            "index_finds_nothing",
            f"Only {found} of {len(asked)} passages are found by their own text: the vectors say nothing.",
            f"Look at the embedding model: modelops artifacts show {index.record.embedder.ref}",
        )
    return share
