"""The ``modelops`` block of a notebook's metadata: what a template says about itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from modelops.errors import InvalidInput
from modelops.names import ArtifactKind, ModelForm

_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_MEMORY = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([kMGT]i?|Ki)?B?")


def _bytes(value: Any) -> Any:
    """``"6 GB"`` or ``"6Gi"`` as bytes."""
    if isinstance(value, str) and (match := _MEMORY.fullmatch(value)) and (match[2] or "") in _UNITS:
        return round(float(match[1]) * _UNITS[match[2] or ""])
    return value


EnvironmentName = Annotated[str, StringConstraints(pattern="^[a-z0-9][a-z0-9._-]{0,39}$")]


class Resources(BaseModel):
    """What one attempt needs: processor cores, GPUs, bytes of main memory."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    cpus: float | None = Field(None, gt=0)
    gpus: int | None = Field(None, ge=0)
    memory: Annotated[int, BeforeValidator(_bytes), Field(gt=0)] | None = None


class TemplateMetadata(BaseModel):
    """The block as it stands in the notebook; everything in it is optional."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: Annotated[str, StringConstraints(min_length=1, max_length=100)] = ""
    kind: Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9-]{0,39}$")] = "notebook"
    summary: Annotated[str, StringConstraints(max_length=1000)] = ""
    produces: list[ArtifactKind] = []
    accepts: list[ModelForm] | None = None
    """In what form its model may be stored; without it in any."""
    requires: list[Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$")]] = []
    environment: EnvironmentName | None = None
    """What it runs in, where that is not the notebook's kernel: a name that ``modelops env list`` knows."""
    environments: dict[EnvironmentName, dict[str, list[bool | int | float | str]]] = {}
    """What it runs in instead where a parameter has, or a list holds, one of these values; ``*`` is any at all."""
    resources: Resources = Resources()
    resumable: bool = False
    presets: dict[
        Annotated[str, StringConstraints(min_length=1, max_length=40)],
        dict[str, bool | int | float | str | list[bool | int | float | str] | None],
    ] = {}
    """Values of parameters by the title of what they are for, such as a quick look."""


def read_metadata(notebook_metadata: dict[str, Any]) -> TemplateMetadata:
    """The block of a notebook; raises ``InvalidInput`` (``invalid_template_metadata``) with every problem."""
    try:
        return TemplateMetadata.model_validate(notebook_metadata.get("modelops", {}))
    except ValidationError as error:
        problems = [
            {"field": ".".join(str(part) for part in problem["loc"]) or "modelops", "message": problem["msg"]}
            for problem in error.errors(include_url=False, include_input=False)
        ]
        raise InvalidInput(
            "invalid_template_metadata",
            "The notebook's modelops metadata is not valid: "
            + "; ".join(f"{problem['field']}: {problem['message']}" for problem in problems[:5])
            + ".",
            f"Keys: {', '.join(TemplateMetadata.model_fields)}; produces takes {', '.join(get_args(ArtifactKind))}; "
            f"accepts {', '.join(get_args(ModelForm))}.",
            problems=problems,
        ) from None
