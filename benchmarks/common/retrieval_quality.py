"""What each way of searching finds on real documents: recall@10 and nDCG@10 with intervals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.corpora import docstring_questions, licenses, mean_overlap, python_documentation, standard_library
from modelops.rag.chunking import ChunkSettings, chunks_of
from modelops.rag.documents import Document
from modelops.rag.embedding import LocalEmbedder, OnProgress
from modelops.rag.evaluation import Configuration, Made, Report, Sweep, compare, grid, make_questions, report
from modelops.rag.index import Index, build_index, open_index
from modelops.rag.retrieval import SearchSettings, load_reranker

K = 10
RERANKED = 20
"""Passages of each retriever that a reranker reads: it takes a hundred times as long as all that was before."""
_HYBRID = "hybrid 0.3"
"""What an index is searched with where nothing else is said."""
CORPORA = ("documentation", "library", "licenses")
PLAIN = 40
"""Documents of the standard library that are indexed: those of its top folder come first."""


@dataclass(frozen=True)
class Set:
    """Questions about one corpus."""

    corpus: str
    questions: str
    documents: int
    chunks: int
    asked: int
    overlap: float
    """Share of a question's words that stand in the passage it asks for."""
    rows: dict[str, dict[str, Any]]
    """By configuration: each measure with its interval."""
    hybrid_less: dict[str, Any]
    """nDCG of hybrid search, less that of the better of its parts, with the paired interval."""
    reranked_less: list[dict[str, Any]]
    """The same of each reranker's order, less that of hybrid search."""


@dataclass(frozen=True)
class Making:
    """With what indexes are made, and where."""

    embedder: LocalEmbedder
    vectors: Path
    """Where vectors are kept."""
    scratch: Path
    told: OnProgress

    def index(self, name: str, documents: Sequence[Document]) -> Index:
        """An index of documents, cut as the template cuts them."""
        cut = ChunkSettings(self.embedder.count, most=self.embedder.max_tokens)
        rows = [(document, chunks_of(document, cut)) for document in documents]
        target = self.scratch / name
        options: dict[str, Any] = {"chunker": cut.as_json(), "checkpoints": self.vectors, "on_progress": self.told}
        build_index(rows, self.embedder, target, **options)
        return open_index(target, self.embedder)


def measure_quality(making: Making, chosen: Sequence[str], most: int, rerankers: Sequence[str]) -> list[Set]:
    """Those of :data:`CORPORA` that are chosen and on this machine, each with its sets of questions."""
    found: list[Set] = []
    library = standard_library()
    plain = sorted(library, key=lambda document: (document.source.count("/"), document.source))[:PLAIN]
    reference = python_documentation()
    if not reference:
        print("Python's documentation is not measured: apt-get install python3-doc", file=sys.stderr)
    corpora: list[tuple[str, list[Document], dict[str, Callable[[], list[Made]]]]] = [
        (
            "Python's documentation (HTML)",
            reference,
            {
                "docstrings of the functions": lambda: docstring_questions(reference, library),
                "headings": lambda: make_questions(reference, most, method="headings"),
            },
        ),
        ("standard library (code)", plain, {"docstrings, in the code": lambda: make_questions(plain, most)}),
        ("Debian's licences (text)", licenses(), {"rare words": lambda: make_questions(licenses(), most)}),
    ]
    scorers = [(name, load_reranker(name)) for name in rerankers]
    for key, (corpus, documents, sets) in zip(CORPORA, corpora, strict=True):
        if not documents or key not in chosen:
            continue
        index = making.index(corpus, documents)
        for name, make in sets.items():
            made = make()[:most]
            asked = [one.question for one in made]
            sweep = Sweep(index, asked, making.scratch / f"{corpus}, {name}", rerankers=scorers)
            settings = SearchSettings(top_k=K)
            plans = grid(settings, methods=["dense", "bm25", "hybrid"], dense_weights=[0.3, 0.5])
            fewer = settings.model_copy(update={"candidates": RERANKED})
            plans += [Configuration(fewer, reranker=one) for one in rerankers]
            outcome = report(sweep.run(plans), k=K)
            rows = {
                row.name: {
                    "search_ms": row.search_ms,
                    **{key: asdict(row.measures[f"{key}@{K}"]) for key in ("ndcg", "recall")},
                }
                for row in outcome.rows
            }
            counts = (len(documents), len(index.chunks), len(made))
            means = {part: outcome.row(part).measures[outcome.metric].value for part in ("dense", "bm25")}
            better = max(means, key=lambda part: means[part])
            reranked = [_less(outcome, name, _HYBRID) for name in rows if name.startswith(f"{_HYBRID} + ")]
            found.append(
                Set(corpus, name, *counts, mean_overlap(made), rows, _less(outcome, _HYBRID, better), reranked)
            )
    return found


def _less(outcome: Report, name: str, other: str) -> dict[str, Any]:
    [pair] = compare({one: outcome.row(one).values[outcome.metric] for one in (name, other)})
    return {
        "name": name,
        "less": other,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p": pair.p,
    }


def quality_targets(sets: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Hybrid search must not be worse than the better of its parts: the interval of the difference reaches 0."""
    worst = min(sets, key=lambda one: one["hybrid_less"]["high"])["hybrid_less"]["high"]
    return {"hybrid_not_worse": {"value": round(worst, 4), "target": ">= 0", "met": worst >= 0}}


def show_quality(sets: Sequence[dict[str, Any]]) -> None:
    """Print one table for each set of questions."""
    for one in sets:
        print(f"\n{one['corpus']}: {one['documents']} documents, {one['chunks']} chunks")
        print(f"{one['asked']} questions: {one['questions']}; {one['overlap']:.0%} of their words stand in the passage")
        print(f"{'':<28}{'nDCG@10':<26}{'recall@10':<26}{'ms':>6}")
        for name, row in one["rows"].items():
            cells = [
                f"{row[key]['value']:.3f} ({row[key]['low']:.3f} to {row[key]['high']:.3f})"
                for key in ("ndcg", "recall")
            ]
            print(f"{name:<28}{cells[0]:<26}{cells[1]:<26}{row['search_ms']:>6.1f}")
        for less in (one["hybrid_less"], *one["reranked_less"]):
            interval = f"{less['low']:+.3f} to {less['high']:+.3f}"
            print(f"{less['name']} less {less['less']}: {less['difference']:+.3f} ({interval}), p = {less['p']:.3g}")
