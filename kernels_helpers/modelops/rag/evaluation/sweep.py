"""Tries configurations on the same questions: cuts again, embeds what is new, searches, judges."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from modelops.errors import InvalidInput
from modelops.rag.chunking import chunks_of
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.embedding import Embedder, OnProgress, Vectors, text_digest
from modelops.rag.evaluation.configurations import Configuration, Cut
from modelops.rag.evaluation.metrics import judge
from modelops.rag.evaluation.questions import Question
from modelops.rag.evaluation.results import Found, Result, SweepJournal
from modelops.rag.index import Index, build_index, open_index
from modelops.rag.retrieval import Reranker, search

_Twins = Mapping[Chunk, Sequence[Chunk]]
"""For each chunk all that have its words."""


class Sweep:
    """One index and one set of questions, searched in several ways.

    ``embedders`` and ``rerankers`` are those that configurations name. Vectors and finished configurations are kept in
    ``checkpoints``, which belongs to this index and these questions. An index that is cut or embedded anew is built in
    a temporary folder, and searched as if it had been opened from the registry. Questions are embedded beforehand: the
    time of a search is that of searching alone. Raises ``InvalidInput``: ``no_questions``, and ``invalid_questions``
    for ids that are not different.
    """

    def __init__(
        self,
        index: Index,
        questions: Sequence[Question],
        checkpoints: Path,
        *,
        embedders: Iterable[Embedder] = (),
        rerankers: Iterable[tuple[str, Reranker]] = (),
    ) -> None:
        if not questions:
            raise InvalidInput(
                "no_questions", "There is nothing to ask.", "Give questions, or have some made by a rule."
            )
        if len({question.id for question in questions}) < len(questions):
            raise InvalidInput("invalid_questions", "Two questions have the same id.", "Give each an id of its own.")
        self._index = index
        self._questions = questions
        self._texts = [question.text for question in questions]
        self._vectors = checkpoints / "vectors"
        self.journal = SweepJournal(checkpoints)
        self._own = _Remembering(index.embedder) if index.embedder else None
        self._embedders = {embedder.name: _Remembering(embedder) for embedder in embedders}
        self._rerankers = dict(rerankers)

    def run(
        self,
        configurations: Sequence[Configuration],
        *,
        on_embedding: OnProgress | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[Result]:
        """The results in the order of the configurations; those that the journal knows are not searched again.

        ``on_progress`` hears of questions, over all configurations. Raises what building and searching raise.
        """
        asked, total = 0, len(configurations) * len(self._questions)
        results: dict[Configuration, Result] = {}
        for (cut, embedder), some in groupby(sorted(configurations, key=_building_order), key=_building):
            missing = []
            for configuration in some:
                known = self.journal.get(configuration)
                if known is None:
                    missing.append(configuration)
                else:
                    results[configuration] = known
                    asked += len(self._questions)
            if on_progress is not None:
                on_progress(asked, total)
            if not missing:
                continue
            index = self._built(cut, embedder, on_embedding)
            twins = _twins(index)
            for configuration in missing:
                found: dict[str, Found] = {}
                for question in self._questions:
                    found[question.id] = self._ask(index, twins, question, configuration)
                    asked += 1
                    if on_progress is not None:
                        on_progress(asked, total)
                result = results[configuration] = Result(configuration, found, len(index.chunks))
                self.journal.append(result)
        return [results[configuration] for configuration in configurations]

    def index_for(self, configuration: Configuration, *, on_embedding: OnProgress | None = None) -> Index:
        """The index that a configuration searches; vectors that are known are not computed again."""
        return self._built(configuration.cut, configuration.embedder, on_embedding)

    def _ask(self, index: Index, twins: _Twins, question: Question, configuration: Configuration) -> Found:
        reranker = self._rerankers[configuration.reranker] if configuration.reranker else None
        began = time.perf_counter()
        hits = search(index, question.text, configuration.search, reranker=reranker)
        seconds = time.perf_counter() - began
        first = hits[0].chunk if hits else None
        return Found(
            judged=judge(question, [twins[hit.chunk] for hit in hits]) if question.answerable else None,
            score=hits[0].score if hits else None,
            first=(first.source, first.start, first.end) if first else None,
            seconds=seconds,
        )

    def _built(self, cut: Cut | None, embedder: str | None, on_embedding: OnProgress | None) -> Index:
        """The index with other chunks or vectors, itself where neither is asked for; all questions are embedded."""
        if cut is None and embedder is None:
            if self._own is not None:
                self._own.embed_queries(self._texts)
            return replace(self._index, embedder=self._own)
        chosen = self._embedders[embedder] if embedder else self._own
        if chosen is None:
            raise InvalidInput(
                "embedder_needed",
                "Chunks are measured in tokens of the embedding model, and the index was opened without one.",
                "Open the index with its embedder.",
            )
        chosen.embed_queries(self._texts)
        folder = Path(tempfile.mkdtemp(prefix="modelops-sweep-"))
        try:
            build_index(
                self._cut(cut, chosen),
                chosen,
                folder / "index",
                chunker=cut.settings_for(chosen).as_json() if cut else self._index.record.chunker,
                bm25=self._index.record.bm25,
                checkpoints=self._vectors,
                previous=self._index,
                on_progress=on_embedding,
            )
            return open_index(folder / "index", chosen)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _cut(self, cut: Cut | None, embedder: Embedder) -> Iterable[tuple[Document, list[Chunk]]]:
        if cut is not None:
            settings = cut.settings_for(embedder)
            return ((document, chunks_of(document, settings)) for document in self._index.documents)
        by_document: dict[str, list[Chunk]] = {}
        for chunk in self._index.chunks:
            by_document.setdefault(chunk.source, []).append(chunk)
        return ((document, by_document.get(document.source, [])) for document in self._index.documents)


def _twins(index: Index) -> _Twins:
    """A search finds a passage in the first of its places; it has been found in the others as well."""
    by_first: dict[int, list[Chunk]] = {}
    for first, chunk in zip(index.first_of.tolist(), index.chunks, strict=True):
        by_first.setdefault(first, []).append(chunk)
    return {chunk: same for same in by_first.values() for chunk in same}


def _building(configuration: Configuration) -> tuple[Cut | None, str | None]:
    return configuration.cut, configuration.embedder


def _building_order(configuration: Configuration) -> tuple[str, str]:
    return str(configuration.cut), str(configuration.embedder)


class _Remembering:
    """An embedder that computes the vector of a question once, for all configurations."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.digest = embedder.name, embedder.digest
        self.dimension, self.max_tokens = embedder.dimension, embedder.max_tokens
        self.count: Callable[[str], int] = embedder.count
        self.embed_documents = embedder.embed_documents
        self._embedder = embedder
        self._known: dict[bytes, Vectors] = {}

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        missing = {text_digest(text): text for text in texts if text_digest(text) not in self._known}
        if missing:
            vectors = self._embedder.embed_queries(list(missing.values()))
            self._known.update(zip(missing, vectors, strict=True))
        return np.stack([self._known[text_digest(text)] for text in texts])
