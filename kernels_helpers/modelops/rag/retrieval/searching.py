"""One search: filter, retrieve, fuse, rerank, vary and cap."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from modelops.errors import InvalidInput
from modelops.rag.index import Index
from modelops.rag.retrieval.diversity import choose
from modelops.rag.retrieval.filters import allowed
from modelops.rag.retrieval.fusion import Ranking, by_reciprocal_rank, by_weighted_scores, ranked
from modelops.rag.retrieval.hits import Hit, Placed
from modelops.rag.retrieval.reranking import Reranker
from modelops.rag.retrieval.settings import SearchSettings


def search(
    index: Index, question: str, settings: SearchSettings | None = None, *, reranker: Reranker | None = None
) -> list[Hit]:
    """The chunks that answer a question, best first; equals stand in the order of the index.

    A passage that stands in many places, such as a licence, is found once, in the first that the filters let through.
    Where ``settings.per_source`` is given it already binds what each retriever brings, so that a document that fits
    every question cannot push out all others before. Raises ``InvalidInput``: ``empty_question``, and
    ``embedder_needed`` where vectors are to be searched and the index was opened without an embedder.
    """
    settings = settings or SearchSettings()
    if not question.strip():
        raise InvalidInput("empty_question", "The question is empty.", "Ask something.")
    rankings = _retrieve(index, question, settings)
    steps: dict[str, Ranking] = dict(rankings)
    final: Ranking = next(iter(rankings.values()))
    if len(rankings) > 1:
        final = steps["fusion"] = ranked(
            by_reciprocal_rank(rankings, settings.rank_constant)
            if settings.fusion == "reciprocal_rank"
            else by_weighted_scores(rankings, {"dense": settings.dense_weight, "bm25": 1 - settings.dense_weight})
        )
    if reranker is not None and final:
        numbers = [number for number, _ in final]
        scores = reranker.scores(question, [index.chunks[number].text for number in numbers])
        final = steps["reranker"] = ranked(dict(zip(numbers, map(float, scores), strict=True)))
    if settings.min_score is not None:
        final = [(number, score) for number, score in final if score >= settings.min_score]
    numbers = [number for number, _ in final]
    chosen = choose(
        final,
        index.vectors[numbers],
        index.document_of[numbers].tolist(),
        most=settings.top_k,
        diversity=settings.diversity,
        per_source=settings.per_source,
    )
    return _hits(index, chosen, dict(final), steps)


def _retrieve(index: Index, question: str, settings: SearchSettings) -> dict[str, Ranking]:
    """What each retriever brings."""
    retrievers: dict[str, tuple[Callable[[str], NDArray[np.float32]], float | None]] = {}
    if settings.method in {"dense", "hybrid"}:
        if index.embedder is None:
            raise InvalidInput(
                "embedder_needed",
                f"Searching by vectors needs {index.record.embedder.ref}, with which the index was made.",
                "Open the index with it, or search by words: method bm25.",
            )
        retrievers["dense"] = (index.similarities, settings.min_similarity)
    if settings.method in {"bm25", "hybrid"}:
        retrievers["bm25"] = (index.words.scores, settings.min_bm25)
    passing = _once(allowed(index, settings), index.first_of)
    found: dict[str, Ranking] = {}
    for name, (scores_of, least) in retrievers.items():
        scores = scores_of(question)
        eligible = passing & (scores > 0) if name == "bm25" else passing
        if least is not None:
            eligible = eligible & (scores >= least)
        found[name] = _best(scores, eligible, index.document_of, settings)
    return found


def _once(passing: NDArray[np.bool_], first_of: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Of what passes, the first of those with the same words."""
    places = np.flatnonzero(passing)
    once = np.zeros_like(passing)
    once[places[np.unique(first_of[places], return_index=True)[1]]] = True
    return once


def _best(
    scores: NDArray[np.float32], eligible: NDArray[np.bool_], sources: NDArray[np.int32], settings: SearchSettings
) -> list[tuple[int, float]]:
    """The candidates with the best scores, not too many of one source; of equals the first."""
    most = max(settings.candidates, settings.top_k)
    places = np.flatnonzero(eligible)
    if settings.per_source is None and len(places) > most:
        # Only what is not worse than the last that is taken needs sorting.
        least = np.partition(scores[places], len(places) - most)[len(places) - most]
        places = places[scores[places] >= least]
    places = places[np.lexsort((places, -scores[places]))]
    if settings.per_source is not None:
        places = _capped(places, sources, settings.per_source)
    return [(int(place), float(scores[place])) for place in places[:most]]


def _capped(places: NDArray[np.int64], sources: NDArray[np.int32], most: int) -> NDArray[np.int64]:
    """The first so many of each source, in their order."""
    of = sources[places]
    by_source = np.argsort(of, kind="stable")
    ordered = of[by_source]
    # How many of the same source stand before each.
    before = np.arange(len(of)) - np.searchsorted(ordered, ordered)
    return places[np.sort(by_source[before < most])]


def _hits(index: Index, chosen: list[int], scores: dict[int, float], steps: dict[str, Ranking]) -> list[Hit]:
    placed = {
        name: {number: Placed(score, rank) for rank, (number, score) in enumerate(ranking, 1)}
        for name, ranking in steps.items()
    }
    return [
        Hit(
            chunk=index.chunks[number],
            document=index.documents[index.document_of[number]],
            score=scores[number],
            steps={name: at[number] for name, at in placed.items() if number in at},
        )
        for number in chosen
    ]
