"""What is sent to more than one address: requests as pydantic models."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Limits(BaseModel):
    """Limits of a job; seconds, and bytes."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    memory: int | None = Field(None, gt=0)
    timeout: float | None = Field(None, gt=0)
    cell_timeout: float | None = Field(None, gt=0)
    start_timeout: float = Field(60.0, gt=0)
    retries: int | None = Field(None, ge=0, le=100)


class ChangedLimits(BaseModel):
    """Limits of a job that is tried again; what is not given stays as it was."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    memory: int | None = Field(None, gt=0)
    timeout: float | None = Field(None, gt=0)
    cell_timeout: float | None = Field(None, gt=0)
    start_timeout: float | None = Field(None, gt=0)
    retries: int | None = Field(None, ge=0, le=100)


class Resources(BaseModel):
    """What a job holds while it runs, where that is not what its template declares."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    cpus: float | None = Field(None, gt=0)
    gpus: int | None = Field(None, ge=0)
    memory: int | None = Field(None, gt=0)


class Submission(BaseModel):
    """A request for a job."""

    model_config = ConfigDict(extra="forbid", strict=True)

    template: str = Field(
        min_length=1,
        max_length=4096,
        description="A template's name, or a notebook's path below the server's root folder.",
    )
    parameters: dict[str, Any] = Field({}, description="Those that are not as the template has them.")
    name: str | None = None
    executor: str = "local"
    kernel: str | None = None
    priority: int = Field(0, ge=-100, le=100)
    after: list[str] = Field([], max_length=100, description="Jobs after whose success it starts.")
    resources: Resources = Resources()
    options: Limits = Limits()
