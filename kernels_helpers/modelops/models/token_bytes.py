"""The bytes that a token writes, whatever way its tokenizer spells them; alone they may be half a character."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE = "\u2581"
"""SentencePiece's."""


class TokenBytes:
    """Looks up what the ids of a tokenizer write."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        from transformers.convert_slow_tokenizer import bytes_to_unicode

        self._tokenizer = tokenizer
        alphabet: dict[int, str] = bytes_to_unicode()  # type: ignore[no-untyped-call]
        decoder = getattr(getattr(tokenizer, "backend_tokenizer", None), "decoder", None)
        byte_level = decoder is not None and b'"ByteLevel"' in decoder.__getstate__()
        self._letters = {letter: byte for byte, letter in alphabet.items()} if byte_level else {}
        self._added = {number: token.content for number, token in tokenizer.added_tokens_decoder.items()}
        self._remembered = lru_cache(maxsize=1 << 14)(self._look_up)

    def __call__(self, token: int) -> bytes:
        """The bytes of one id; none for an id that a padded vocabulary has beyond the tokenizer's."""
        return self._remembered(token)

    def _look_up(self, token: int) -> bytes:
        if token in self._added:
            return self._added[token].encode()
        spelled: Any = self._tokenizer.convert_ids_to_tokens(token)
        if not isinstance(spelled, str):
            return b""
        if self._letters and all(letter in self._letters for letter in spelled):
            return bytes(self._letters[letter] for letter in spelled)
        if byte := _BYTE.fullmatch(spelled):
            return bytes.fromhex(byte[1])
        return spelled.replace(_SPACE, " ").encode()
