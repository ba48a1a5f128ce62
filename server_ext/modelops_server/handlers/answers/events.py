"""Answers of ``jobs/{id}/events``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from modelops_server.handlers.answers.base import Answer

At = Annotated[str, Field(pattern=r"^[0-9]{1,12}\.[0-9]{1,12}$")]
"""A position: bytes of the job's events and of its log, such as ``2048.512``."""


class PagedEvent(Answer):
    """One event, and the position behind it."""

    after: At
    event: dict[str, Any] = Field(description="As the job's journal has it; `type` says which fields there are.")


class EventPage(Answer):
    """Events in the order in which they happened."""

    events: list[PagedEvent]
    next: At = Field(description="Where the next page begins; the same again when there was nothing.")
