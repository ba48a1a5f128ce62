"""One finding about this machine."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["ok", "missing", "unavailable"]
"""``missing`` can be mended with a command; ``unavailable`` cannot be had on this machine."""


@dataclass(frozen=True)
class Finding:
    """What was found about one thing."""

    area: str
    name: str
    state: State
    detail: str
    needed_for: str = ""
    mend: str = ""
    """The command, or the step, that mends it."""
    required: bool = False
    """Whether the main job, fine-tuning in a notebook, cannot run without it."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def blocks(self) -> bool:
        """Whether the main job cannot run because of this."""
        return self.required and self.state != "ok"
