"""Why a document is not read: the closed set of codes, and the exception that carries one to whoever reads."""

from __future__ import annotations

from enum import StrEnum

from modelops.rag.documents import Skipped


class Reason(StrEnum):
    """The codes of :class:`Skipped`; each is explained in docs/rag.md."""

    BINARY = "binary"
    BROKEN = "broken"
    DUPLICATE_SOURCE = "duplicate_source"
    EMPTY = "empty"
    ENCRYPTED = "encrypted"
    HIDDEN = "hidden"
    HTTP_STATUS = "http_status"
    INVALID_URL = "invalid_url"
    LINK = "link"
    NO_TEXT_LAYER = "no_text_layer"
    OUT_OF_MEMORY = "out_of_memory"
    PARSER_FAILED = "parser_failed"
    PRIVATE_ADDRESS = "private_address"
    SPECIAL_FILE = "special_file"
    TIME_LIMIT = "time_limit"
    TOO_LARGE = "too_large"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    UNKNOWN_ENCODING = "unknown_encoding"
    UNPACKS_TOO_LARGE = "unpacks_too_large"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    UNSAFE_NAME = "unsafe_name"
    UNSUPPORTED_FORMAT = "unsupported_format"


class NotRead(Exception):
    """Raised while one document is read; becomes a :class:`Skipped` with the document's source."""

    def __init__(self, reason: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.reason, self.sentence = reason, sentence

    def of(self, source: str) -> Skipped:
        return Skipped(source, self.reason.value, self.sentence)
