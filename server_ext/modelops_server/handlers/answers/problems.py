"""What a request that fails is told: a problem of RFC 9457."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from modelops_server.jobs.readiness.answers import FieldProblem


class Details(BaseModel):
    """An error as a value; other members are the facts behind it."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Stable, for programs.")
    detail: str = Field(description="One sentence for a person.")
    hint: str = Field(description="What to do about it; may be empty.")


class Problem(Details):
    """What went wrong with a request."""

    title: str
    status: int
    fields: list[FieldProblem] = Field([], description="Every field that is wrong, where fields are.")
