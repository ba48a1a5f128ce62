"""Counts of a dataset: rows, turns, lengths with percentiles and a histogram, exact duplicates; in bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from modelops.datasets.canonical import Row, row_key

BINS = 16
TokenCounter = Callable[[Row], int]


class Lengths:
    """A distribution of lengths, exact: it keeps how often each length occurs, not the rows."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()

    def add(self, length: int) -> None:
        self.counts[length] += 1

    @property
    def total(self) -> int:
        return sum(length * count for length, count in self.counts.items())

    def percentile(self, percent: float) -> int:
        """The smallest length that at least ``percent`` % of the rows do not exceed (nearest rank)."""
        rows = self.counts.total()
        rank = max(1, -(-rows * percent // 100))
        seen = 0
        for length in sorted(self.counts):
            seen += self.counts[length]
            if seen >= rank:
                return length
        return 0

    def over(self, limit: int) -> int:
        """How many rows are longer than ``limit``."""
        return sum(count for length, count in self.counts.items() if length > limit)

    def histogram(self) -> list[dict[str, int]]:
        """Bins of one round width as ``{"from", "to", "rows"}``, ends included; the last takes the long tail."""
        if not self.counts:
            return []
        width = _round_width(self.percentile(99))
        last = min(max(self.counts), self.percentile(99)) // width
        bins = [{"from": index * width, "to": (index + 1) * width - 1, "rows": 0} for index in range(last + 1)]
        for length, count in self.counts.items():
            bins[min(length // width, last)]["rows"] += count
        bins[-1]["to"] = max(bins[-1]["to"], *self.counts)
        return bins

    def as_json(self) -> dict[str, Any]:
        rows = self.counts.total()
        percentiles = {f"p{percent}": self.percentile(percent) for percent in (50, 90, 95, 99)}
        return {
            "total": self.total,
            "min": min(self.counts, default=0),
            "mean": round(self.total / rows, 1) if rows else 0.0,
            **percentiles,
            "max": max(self.counts, default=0),
            "histogram": self.histogram(),
        }


class Statistics:
    """Counts rows as they pass by. Needs about 150 bytes of memory for each distinct row."""

    def __init__(self, count_tokens: TokenCounter | None = None) -> None:
        self.count_tokens = count_tokens
        self.rows: Counter[str] = Counter()
        self.turns, self.characters, self.words, self.tokens = Lengths(), Lengths(), Lengths(), Lengths()
        self.duplicates = 0
        self._splits_of: dict[bytes, str] = {}
        self._leaked: set[bytes] = set()

    def add(self, split: str, row: Row, encoded: bytes) -> None:
        """Count one canonical row of ``split``; ``encoded`` is its line."""
        self.rows[split] += 1
        texts = [message["content"] for message in row["messages"]] if "messages" in row else [row["text"]]
        self.turns.add(len(texts))
        self.characters.add(sum(map(len, texts)))
        self.words.add(sum(len(text.split()) for text in texts))
        if self.count_tokens is not None:
            self.tokens.add(self.count_tokens(row))
        key = row_key(encoded)
        before = self._splits_of.get(key)
        if before is None:
            self._splits_of[key] = split
            return
        self.duplicates += 1
        if before != split:
            self._leaked.add(key)

    @property
    def leaked(self) -> int:
        """Distinct rows that are in more than one split: what is held out is also trained on."""
        return len(self._leaked)

    @property
    def lengths(self) -> tuple[str, Lengths]:
        """The best measure of length there is, with its unit: tokens, or else words."""
        return ("tokens", self.tokens) if self.count_tokens is not None else ("words", self.words)

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows.total(),
            "splits": {split: self.rows[split] for split in ("train", "validation", "test") if self.rows[split]},
            "duplicates": self.duplicates,
            "leaked": self.leaked,
            "turns": self.turns.as_json(),
            "characters": self.characters.as_json(),
            "words": self.words.as_json(),
            "tokens": self.tokens.as_json() if self.count_tokens is not None else None,
        }


def _round_width(longest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 … with which ``BINS`` bins reach ``longest``."""
    scale = 1
    while True:
        for width in (scale, 2 * scale, 5 * scale):
            if longest < width * BINS:
                return width
        scale *= 10
