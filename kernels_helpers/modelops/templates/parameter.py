"""A parameter of a notebook: its name, type and default."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelops.templates.annotations import reference_of
from modelops.templates.references import ReferenceName

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True)
class Parameter:
    """One variable of a parameters cell."""

    name: str
    annotation: Any
    """The evaluated type, such as ``int`` or ``Annotated[float, Field(gt=0)] | None``."""
    default: Any
    """``None`` where the parameter is required."""
    required: bool
    description: str
    group: str | None
    line: int
    """Line in the parameters cell, counted from 1."""

    @property
    def reference(self) -> ReferenceName | None:
        return reference_of(self.annotation)

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """pydantic's validator of the type: strict, finite numbers only."""
        from pydantic import ConfigDict, TypeAdapter

        return TypeAdapter(self.annotation, config=ConfigDict(strict=True, allow_inf_nan=False))
