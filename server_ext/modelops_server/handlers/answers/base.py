"""What all answers share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An object of which every field is named here: a field that is not would be a promise that nobody made."""

    model_config = ConfigDict(extra="forbid")


Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
"""RFC 3339 in UTC."""

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256 in hex."""


class ComparedValue(Answer):
    """One thing of all that is compared, such as a parameter; `null` where one has no such thing."""

    name: str
    values: list[Any]
    differs: bool
