"""The words of a text that carry its meaning, each in one form: what support is measured by.

Stop words are bm25s's, stems are Snowball's, of the language whose stop words the text has most of.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from modelops.errors import Unavailable
from modelops.rag.index import words_of

_LANGUAGES = {
    "english": "EN_PLUS",
    "german": "GERMAN",
    "french": "FRENCH",
    "spanish": "SPANISH",
    "italian": "ITALIAN",
    "portuguese": "PORTUGUESE",
    "dutch": "DUTCH",
    "swedish": "SWEDISH",
    "norwegian": "NORWEGIAN",
    "danish": "DANISH",
    "russian": "RUSSIAN",
    "turkish": "TURKISH",
}
"""Snowball's name of a language, and bm25s's; of several that fit as well, the first."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")


def language_of(text: str) -> str:
    """The language of a text by its stop words; English where it has none."""
    words = words_of(text)
    counts = {name: sum(word in stop for word in words) for name, stop in _stop_words().items()}
    return max(counts, key=lambda name: counts[name])


def content_words(text: str, language: str) -> list[str]:
    """The stems of all words but the stop words of a language, in their order."""
    stop = _stop_words()[language]
    stems: list[str] = _stemmer(language).stemWords([word for word in words_of(text) if word not in stop])
    return stems


def containment(part: Collection[str], whole: Collection[str]) -> float:
    """The share of the different words of ``part`` that stand in ``whole``; 0 where there are none."""
    wanted = set(part)
    return len(wanted & set(whole)) / len(wanted) if wanted else 0.0


def numbers_of(text: str) -> list[str]:
    """The numbers that are written in digits, without separators of thousands."""
    return _NUMBER.findall(_THOUSANDS.sub("", text))


@cache
def _stop_words() -> Mapping[str, frozenset[str]]:
    try:
        import bm25s.stopwords as lists
    except ImportError as error:
        raise _missing() from error
    return {name: frozenset(getattr(lists, f"STOPWORDS_{key}")) for name, key in _LANGUAGES.items()}


@cache
def _stemmer(language: str) -> Any:
    try:
        import Stemmer
    except ImportError as error:
        raise _missing() from error
    return Stemmer.Stemmer(language)


def _missing() -> Unavailable:
    return Unavailable(
        "rag_not_installed",
        "Answers are checked with bm25s and PyStemmer, which are not installed in this environment.",
        "Install them with: pip install 'jupyterlab-modelops[rag]'",
    )
