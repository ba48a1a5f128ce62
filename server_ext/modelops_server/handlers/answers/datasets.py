"""Answers of ``datasets/inspect``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from modelops_server.handlers.answers.base import Answer


class Bin(Answer):
    """Rows with a length from `from` to `to`, ends included."""

    from_: int = Field(alias="from")
    to: int
    rows: int


class Lengths(Answer):
    """A distribution of lengths."""

    total: int
    min: int
    mean: float
    p50: int
    p90: int
    p95: int
    p99: int
    max: int
    histogram: list[Bin]


class OverContext(Answer):
    """Rows that are longer than the context that was asked about."""

    limit: int
    unit: Literal["tokens", "words"]
    rows: int


class PreviewRow(Answer):
    """A row with its split: a chat has `messages`, plain text has `text`."""

    model_config = ConfigDict(extra="allow")

    split: str
    messages: list[dict[str, Any]] | None = None
    text: str | None = None


class BadRow(Answer):
    """Why a row cannot be used, and where it is."""

    file: str
    line: int
    field: str = Field(description="Such as `messages[2].role`; empty where the row could not be read at all.")
    code: str
    message: str


class DatasetReport(Answer):
    """What is in a dataset; of a source also what could not be used."""

    dataset: str
    format: str
    rows: int
    splits: dict[str, int]
    duplicates: int
    leaked: int = Field(description="Rows that are in more than one split.")
    turns: Lengths
    characters: Lengths
    words: Lengths
    tokens: Lengths | None
    over_context: OverContext | None
    preview: list[PreviewRow]
    rows_read: int | None = None
    bad_row_count: int | None = None
    bad_by_reason: dict[str, int] | None = None
    bad_rows: list[BadRow] | None = Field(None, description="The first of them.")
    dropped_fields: dict[str, int] | None = None
