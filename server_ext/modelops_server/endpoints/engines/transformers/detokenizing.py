"""Text from tokens, as they come: never half a character, never a lost space, never a text that ends an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_UNFINISHED = "\ufffd"
_MOST_UNFINISHED = 3
"""Bytes of a character that is not complete yet: UTF-8 has at most four."""

_LONG, _BEFORE = 16, 6
"""Tokens that are decoded together, mostly at most, and those in front of the first one."""


class Detokenizer:
    """The text of one answer. Special tokens have none."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, before: Sequence[int] = ()) -> None:
        """``before`` are the tokens that the answer continues; without them it begins, and has no space in front."""
        self._tokenizer = tokenizer
        self._tokens = list(before[-_BEFORE:])
        while self._decoded().startswith(_UNFINISHED):  # the end of a character that began before
            del self._tokens[0]
        self._said = len(self._decoded())
        self._complete = len(self._tokens)
        """Tokens up to where the text last ended with a complete character."""

    def add(self, token: int) -> str:
        """The text that is certain with one more token."""
        # Decoded together with the tokens before it: alone, some tokenizers drop the space in front of a word.
        self._tokens.append(token)
        text = self._decoded()
        unfinished = len(text) - len(text.rstrip(_UNFINISHED))
        if len(self._tokens) - self._complete > _MOST_UNFINISHED:  # no character is that long: these are no text
            unfinished = min(unfinished, _MOST_UNFINISHED)
        new = text[self._said : len(text) - unfinished]
        self._said += len(new)
        if not unfinished:
            if len(self._tokens) > _LONG:
                # From a whole character on: behind half of one, some tokenizers decode no byte of what follows.
                self._tokens = self._tokens[self._complete :]
                self._said = len(self._decoded())
            self._complete = len(self._tokens)
        return new

    def rest(self) -> str:
        """What was held back, now that no token follows."""
        return self._decoded()[self._said :]

    def _decoded(self) -> str:
        text = self._tokenizer.decode(self._tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)


class Stops:
    """Holds text back while it may become one of the texts that end an answer."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._held = ""
        self.found = False

    def add(self, text: str) -> str:
        """The text that can be said; nothing is said once a text that ends the answer was found."""
        self._held += text
        places = [place for stop in self._texts if (place := self._held.find(stop)) >= 0]
        if places:
            self.found = True
            return self._held[: min(places)]
        keep = max((_overlap(self._held, stop) for stop in self._texts), default=0)
        said, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        return said

    def rest(self) -> str:
        """What was held back, now that no text follows."""
        return "" if self.found else self._held


def _overlap(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` are the beginning of ``stop``."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)
