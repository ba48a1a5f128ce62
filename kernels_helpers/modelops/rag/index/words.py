"""BM25 over words: what a word is, and bm25s's statistics, built and stored the same way every time."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelops.errors import InvalidInput, Unavailable
from modelops.rag.index.records import WordsRecord, damaged

_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
"""Letters and digits that stand together; where no spaces are written, each character for itself."""
_VOCABULARY = "vocab.index.json"


def words_of(text: str) -> list[str]:
    """The words of a text as BM25 compares them: in small letters, compatible forms made one (NFKC).

    A name such as ``read_csv`` is found as a whole and by its parts.
    """
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        found.append(word)
        parts = [part for part in word.split("_") if part]
        if len(parts) > 1:
            found += parts
    return found


class WordIndex:
    """Scores of every chunk for a question's words."""

    def __init__(self, statistics: Any, chunks: int) -> None:
        self._statistics = statistics
        self._chunks = chunks

    def scores(self, question: str) -> NDArray[np.float32]:
        """One score for each chunk; 0 for those that hold none of the words."""
        vocabulary = self._statistics.vocab_dict
        known = [vocabulary[word] for word in words_of(question) if word in vocabulary]
        if not known:
            return np.zeros(self._chunks, np.float32)
        scores: NDArray[np.float32] = self._statistics.get_scores_from_ids(known)
        return scores


def write_words(texts: Sequence[str], record: WordsRecord, folder: Path) -> int:
    """Store the statistics of these texts; returns how many different words they have."""
    bm25s = _import_bm25s()
    tokens = [words_of(text) for text in texts]
    # In a fixed order: bm25s itself takes that of a set, which differs from process to process.
    vocabulary = {word: number for number, word in enumerate(sorted({word for words in tokens for word in words}))}
    if not vocabulary:
        raise InvalidInput("no_words", "The documents hold no words.", "Give documents with text.")
    statistics = bm25s.BM25(method=record.method, k1=record.k1, b=record.b, backend="numpy", csc_backend="numpy")
    ids = [[vocabulary[word] for word in words] for words in tokens]
    statistics.index((ids, vocabulary), create_empty_token=False, show_progress=False)
    statistics.save(folder, show_progress=False)
    # bm25s writes it with orjson or json, whichever is installed.
    (folder / _VOCABULARY).write_text(json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return len(vocabulary)


def read_words(folder: Path, chunks: int) -> WordIndex:
    """The stored statistics, which must be of as many chunks."""
    bm25s = _import_bm25s()
    try:
        statistics = bm25s.BM25.load(folder, load_corpus=False, allow_pickle=False, show_progress=False)
        sound = _fits(statistics, chunks)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise damaged(f"its statistics of words cannot be read ({str(error)[:200]})") from error
    if not sound:
        raise damaged("its statistics of words are not those of its chunks")
    return WordIndex(statistics, chunks)


def _fits(statistics: Any, chunks: int) -> bool:
    """Whether the matrix has a row for each chunk, a column for each word, and nothing outside."""
    count, values, places, pointers = (statistics.scores[key] for key in ("num_docs", "data", "indices", "indptr"))
    return bool(
        count == chunks
        and sorted(statistics.vocab_dict.values()) == list(range(len(pointers) - 1))
        and pointers[0] == 0
        and (np.diff(pointers) >= 0).all()
        and len(values) == len(places) == pointers[-1]
        and ((places >= 0) & (places < chunks)).all()
        and np.isfinite(values).all()
    )


def _import_bm25s() -> Any:
    try:
        import bm25s
    except ImportError as error:
        raise Unavailable(
            "rag_not_installed",
            "Searching by words needs bm25s, which is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[rag]'",
        ) from error
    return bm25s
