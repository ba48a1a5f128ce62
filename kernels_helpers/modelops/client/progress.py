"""How far a job is, taken from its events: the cell, the step, the latest measures, and the time left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.units import human_seconds

if TYPE_CHECKING:
    from modelops.client.messages import Message

_SHOWN = {"loss": "loss {:.4g}", "eval_loss": "eval loss {:.4g}", "tokens_per_second": "{:,.0f} tok/s"}


class Progress:
    """The latest of everything that a line of progress says."""

    def __init__(self) -> None:
        self.state = "queued"
        self.ahead = 0
        self.cell: tuple[int, int, str] | None = None
        self.work: dict[str, Any] | None = None
        self._work_began: tuple[float, float] = (0.0, 0.0)
        self.metrics: dict[str, Any] = {}
        self.note = ""

    def take_message(self, message: Message) -> None:
        """Learn from one message of the server."""
        match message.kind:
            case "job":
                self.state, self.ahead = message.data["state"], message.data.get("ahead", 0)
            case "event":
                self.take(message.data)

    def take(self, event: dict[str, Any]) -> None:
        """Learn from one event."""
        match event["type"]:
            case "cell" if event["status"] == "started":
                self.cell = (event["number"], event["total"], event["first_line"])
                self.work = None
            case "progress" if _is_number(event.get("done")):
                before = self.work
                if before is None or before.get("phase") != event.get("phase") or before["done"] > event["done"]:
                    self._work_began = (event["time"], event["done"])
                self.work = event
            case "metric":
                self.metrics |= event.get("values") or {}
            case "note":
                self.note = str(event.get("text", ""))

    def seconds_left(self, now: float) -> float | None:
        """The time that the running work still takes at its mean pace so far; ``None`` while it cannot be told."""
        if self.work is None or not _is_number(self.work.get("total")):
            return None
        began, first = self._work_began
        advanced = self.work["done"] - first
        if advanced <= 0:
            return None
        pace = (self.work["time"] - began) / advanced
        seconds = (self.work["total"] - self.work["done"]) * pace - (now - self.work["time"])
        return max(0.0, float(seconds))

    def line(self) -> str:
        """Everything in one line."""
        parts = [self.state]
        if self.state == "queued" and self.ahead:
            parts.append(f"{self.ahead} ahead")
        if self.cell is not None and self.state == "running":
            number, total, first_line = self.cell
            parts.append(f"cell {number} of {total}")
            parts.append(first_line.lstrip("# ")[:40])
        if self.work is not None and self.state == "running":
            of = f"/{self.work['total']:g}" if _is_number(self.work.get("total")) else ""
            parts.append(f"{self.work.get('phase', '')} {self.work['done']:g}{of} {self.work.get('unit', '')}".strip())
        parts += [
            form.format(value)
            for name, form in _SHOWN.items()
            if isinstance(value := self.metrics.get(name), int | float)
        ]
        left = self.seconds_left(time.time())
        if left is not None and self.state == "running":
            parts.append(f"{human_seconds(left)} left")
        return " · ".join(part for part in parts if part)


def _is_number(value: Any) -> bool:
    """Any notebook may report anything."""
    return isinstance(value, int | float) and not isinstance(value, bool)
