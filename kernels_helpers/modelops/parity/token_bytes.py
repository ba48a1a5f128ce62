"""The bytes that a token writes, whatever way its tokenizer spells them."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")


class TokenBytes:
    """Looks up what the ids of a tokenizer write."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        backend = getattr(tokenizer, "backend_tokenizer", None)
        decoder = getattr(backend, "decoder", None)
        self._byte_level = decoder is not None and b'"ByteLevel"' in decoder.__getstate__()
        self._added = {number: token.content for number, token in tokenizer.added_tokens_decoder.items()}

    def __call__(self, token: int) -> bytes:
        """The bytes of one id; none for an id that a padded vocabulary has beyond the tokenizer's."""
        if token in self._added:
            return self._added[token].encode()
        spelled = self._tokenizer.convert_ids_to_tokens(token)
        if not isinstance(spelled, str):
            return b""
        if self._byte_level:
            letters = _byte_letters()
            return bytes(letters[letter] for letter in spelled if letter in letters)
        if byte := _BYTE.fullmatch(spelled):
            return bytes.fromhex(byte[1])
        return spelled.replace("▁", " ").encode()  # SentencePiece's space


@cache
def _byte_letters() -> dict[str, int]:
    """GPT-2's spelling of bytes: printable ones as they are, the others by the letters from 256 on, in their order."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}
