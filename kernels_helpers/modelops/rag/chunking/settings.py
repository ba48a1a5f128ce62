"""How documents are cut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from modelops.errors import InvalidInput

Strategy = Literal["auto", "heading", "sentence", "token", "code"]

SMALLEST_CHUNK = 16
"""Tokens; what is smaller is not worth finding."""

VERSION = 1
"""Of the way texts are cut: what another version has cut is cut again."""

_BEGINNING = 8
"""Characters for each token of a chunk; a token of prose has four or five."""


@dataclass(frozen=True)
class ChunkSettings:
    """Sizes are in the tokens of whatever reads the chunks, as ``count_tokens`` counts them.

    Raises ``InvalidInput`` (``invalid_chunking``) for what cannot be.
    """

    count_tokens: Callable[[str], int]
    """The tokens of a text for the embedding model, those included that it adds to every text."""
    strategy: Strategy = "auto"
    """``auto``: by headings where the format has them, code by its definitions, everything else by sentences."""
    chunk_size: int = 256
    """No chunk has more tokens, so that no embedding model reads less than its chunk."""
    overlap: int = 32
    """Tokens at most that a chunk repeats of the one before it."""
    most: int | None = None
    """Tokens that the embedding model reads of a text; a larger ``chunk_size`` is refused."""

    def __post_init__(self) -> None:
        if self.strategy not in get_args(Strategy):
            raise _invalid(
                f"There is no strategy {self.strategy!r}.", f"Choose one of {', '.join(get_args(Strategy))}."
            )
        if self.chunk_size < SMALLEST_CHUNK:
            raise _invalid(
                f"Chunks of {self.chunk_size} tokens are too small.", f"Choose at least {SMALLEST_CHUNK}, such as 256."
            )
        if self.most is not None and self.chunk_size > self.most:
            raise _invalid(
                f"The embedding model reads {self.most} tokens of a text; chunks may have {self.chunk_size}.",
                f"Set chunk_size={self.most}.",
            )
        if not 0 <= self.overlap <= self.chunk_size // 2:
            raise _invalid(
                f"Chunks of {self.chunk_size} tokens cannot overlap by {self.overlap}.",
                "Choose an overlap between 0 and half of the size.",
            )

    def as_json(self) -> dict[str, Any]:
        """What decides how texts are cut, but for who counts the tokens."""
        return {
            "version": VERSION,
            "strategy": self.strategy,
            "chunk_size": self.chunk_size,
            "overlap": self.overlap,
        }

    def size_of(self, text: str) -> int:
        """The tokens of a text; of one that is too large, a number that is, too.

        Splitters ask for the size of whole classes and chapters again and again, only to learn that they do not fit;
        that their beginning does not fit is learned sooner.
        """
        beginning = _BEGINNING * self.chunk_size
        if len(text) > beginning:
            size = self.count_tokens(text[:beginning])
            if size > self.chunk_size:
                return size
        return self.count_tokens(text)

    def fits(self, text: str) -> bool:
        """Whether a text is no larger than a chunk may be."""
        return self.size_of(text) <= self.chunk_size


def _invalid(message: str, hint: str) -> InvalidInput:
    return InvalidInput("invalid_chunking", message, hint)
