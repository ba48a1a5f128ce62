"""How far a job is, taken from its events: the cell, the step, the latest measures, and the time left."""

from __future__ import annotations

import time
from typing import Any

from modelops_server.cli.output import human_seconds

_SHOWN = {"loss": "loss {:.4g}", "eval_loss": "eval loss {:.4g}", "tokens_per_second": "{:,.0f} tok/s"}


class Progress:
    """The latest of everything that a line of progress says."""

    def __init__(self) -> None:
        self.state = "queued"
        self.ahead = 0
        self._cell: tuple[int, int, str] | None = None
        self._work: dict[str, Any] | None = None
        self._work_began: tuple[float, float] = (0.0, 0.0)
        self._metrics: dict[str, Any] = {}
        self._note = ""

    def take(self, event: dict[str, Any]) -> None:
        """Learn from one event."""
        match event["type"]:
            case "cell" if event["status"] == "started":
                self._cell = (event["number"], event["total"], event["first_line"])
                self._work = None
            case "progress":
                before = self._work
                if before is None or before.get("phase") != event.get("phase") or before["done"] > event["done"]:
                    self._work_began = (event["time"], event["done"])
                self._work = event
            case "metric":
                self._metrics |= event.get("values") or {}
            case "note":
                self._note = str(event.get("text", ""))

    def seconds_left(self, now: float) -> float | None:
        """The time that the running work still takes at its mean pace so far; ``None`` while it cannot be told."""
        if self._work is None or not self._work.get("total"):
            return None
        began, first = self._work_began
        advanced = self._work["done"] - first
        if advanced <= 0:
            return None
        pace = (self._work["time"] - began) / advanced
        seconds = (self._work["total"] - self._work["done"]) * pace - (now - self._work["time"])
        return max(0.0, float(seconds))

    def line(self) -> str:
        """Everything in one line."""
        parts = [self.state]
        if self.state == "queued" and self.ahead:
            parts.append(f"{self.ahead} ahead")
        if self._cell is not None and self.state == "running":
            number, total, first_line = self._cell
            parts.append(f"cell {number} of {total}")
            parts.append(first_line.lstrip("# ")[:40])
        if self._work is not None and self.state == "running":
            of = f"/{self._work['total']:g}" if self._work.get("total") else ""
            parts.append(
                f"{self._work.get('phase', '')} {self._work['done']:g}{of} {self._work.get('unit', '')}".strip()
            )
        parts += [
            form.format(value)
            for name, form in _SHOWN.items()
            if isinstance(value := self._metrics.get(name), int | float)
        ]
        left = self.seconds_left(time.time())
        if left is not None and self.state == "running":
            parts.append(f"{human_seconds(left)} left")
        return " · ".join(part for part in parts if part)
