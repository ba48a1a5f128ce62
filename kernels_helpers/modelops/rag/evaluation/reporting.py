"""What a sweep says: a table of configurations with their measures, and who is best, if anybody is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from modelops.errors import InvalidInput
from modelops.intervals import Measure, Numbers
from modelops.rag.evaluation.comparing import Ranking, rank
from modelops.rag.evaluation.metrics import Judged, per_question, retrieval_measures
from modelops.rag.evaluation.results import Found, Result

LEAST_QUESTIONS = 2


@dataclass(frozen=True)
class Row:
    """One configuration in the table."""

    name: str
    result: Result
    values: dict[str, Numbers]
    """Each metric, question by question, in the order of :attr:`Report.ids`."""
    measures: dict[str, Measure]
    search_ms: float
    """Median of a search, the question's vector known."""


@dataclass(frozen=True)
class Report:
    """All configurations, and how they compare."""

    rows: list[Row]
    """The best first, by the metric that they are ranked by."""
    metric: str
    """Such as ``ndcg@10``."""
    ids: list[str]
    """The questions with an answer, which all numbers are of."""
    ranking: Ranking

    @property
    def verdict(self) -> str:
        """The outcome in a sentence, as strong as the figures are and no stronger."""
        leader, count = self.ranking.leader, len(self.rows)
        if count == 1:
            return f"Only {leader} was tried."
        if self.ranking.best is not None:
            return f"{leader} is better than each of the others in {self.metric}, beyond what chance may do."
        ties = self.ranking.ties
        tied = (
            "any of the others" if len(ties) == count - 1 else f"{len(ties)} of {count - 1} others: {', '.join(ties)}"
        )
        return (
            f"No configuration is best beyond doubt: {leader} leads in {self.metric}, and {len(self.ids)} questions "
            f"cannot tell it from {tied}."
        )

    def row(self, name: str) -> Row:
        """The row of a configuration."""
        return next(row for row in self.rows if row.name == name)

    def as_json(self) -> dict[str, Any]:
        """All of it but the numbers of single questions."""
        return {
            "metric": self.metric,
            "questions": len(self.ids),
            "verdict": self.verdict,
            "leader": self.ranking.leader,
            "best": self.ranking.best,
            "ties": list(self.ranking.ties),
            "configurations": [
                {
                    "name": row.name,
                    **row.result.configuration.as_json(),
                    "chunks": row.result.chunks,
                    "search_ms": row.search_ms,
                    "measures": {name: measure.as_json() for name, measure in row.measures.items()},
                }
                for row in self.rows
            ],
            "comparisons": [comparison.as_json() for comparison in self.ranking.comparisons],
        }


def report(results: Sequence[Result], *, k: int, metric: str = "ndcg", seed: int = 0) -> Report:
    """The report of a sweep; ``k`` is at most the ``top_k`` that was searched with.

    Raises ``InvalidInput``: ``too_few_rows`` for fewer than two questions that have an answer, ``k_too_large``.
    """
    least = min(result.configuration.search.top_k for result in results)
    if k > least:
        raise InvalidInput(
            "k_too_large", f"Only {least} hits were searched for, not {k}.", "Search with a larger top_k."
        )
    ids = [name for name, found in results[0].found.items() if found.judged is not None]
    if len(ids) < LEAST_QUESTIONS:
        raise InvalidInput(
            "too_few_rows", f"{len(ids)} questions have an answer.", "Give two or more; a hundred tell something."
        )
    rows = []
    for result in results:
        values = per_question([_judged(result.found[name]) for name in ids], (k,))
        seconds = [found.seconds for found in result.found.values()]
        measures = retrieval_measures(values, seed=seed)
        rows.append(Row(result.configuration.name, result, values, measures, 1000 * statistics.median(seconds)))
    chosen = f"{metric}@{k}"
    ranking = rank({row.name: row.values[chosen] for row in rows}, seed=seed)
    rows.sort(key=lambda row: -row.measures[chosen].value)
    return Report(rows, chosen, ids, ranking)


def separation(result: Result) -> float | None:
    """How well the first hit's score tells questions that have an answer from those that have none.

    The chance that of one of each kind the former scores higher (area under the ROC curve); 0.5 is no better than
    tossing a coin. ``None`` without questions of both kinds.
    """
    scores: dict[bool, list[float]] = {True: [], False: []}
    for found in result.found.values():
        scores[found.judged is not None].append(-np.inf if found.score is None else found.score)
    if not (scores[True] and scores[False]):
        return None
    answered, unanswered = np.array(scores[True])[:, None], np.array(scores[False])[None]
    return float(((answered > unanswered) + 0.5 * (answered == unanswered)).mean())


def _judged(found: Found) -> Judged:
    if found.judged is None:
        raise ValueError("the question has no answer")
    return found.judged
