"""A job followed for a widget: its state in few words, its measures and its log as they grow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from modelops.client import Job, Message, Progress
from modelops.errors import ModelOpsError
from modelops.widgets.base import told
from modelops.widgets.wording import job_in_words

_INTERVAL = 0.2
"""Seconds between two updates: faster ones cannot be read."""
_CHUNK = 5000
"""Points in one message, so that ten thousand of them do not hold up what else the kernel has to say."""
_LOG = 20_000
"""Characters of the log that are shown."""

Point = list[float]


class Feed:
    """Follows one job in a thread; ``show(feed)`` is called when its state has changed, ``send`` gets what was added.

    ``send`` is called from one thread at a time. The front end may ask for everything once more with
    :meth:`resend`, such as after the page was loaded again.
    """

    def __init__(self, job: Job, show: Callable[[Feed], None], send: Callable[[dict[str, Any]], None]) -> None:
        self.job = job
        self._show = show
        self._send = send
        self._progress = Progress()
        self._series: dict[str, list[Point]] = {}
        self._fresh: dict[str, list[Point]] = {}
        self._log = self._fresh_log = ""
        self._trouble: dict[str, str] = {}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._changed = threading.Event()
        self._stopped = False
        self._ended = False
        self._follower = threading.Thread(target=self._follow, name=f"modelops-follow-{job.id}", daemon=True)
        self._updater = threading.Thread(target=self._update, name=f"modelops-update-{job.id}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._follower.start()
        self._updater.start()

    def stop(self) -> None:
        """Follow no longer; the job goes on."""
        self._stopped = True
        self._changed.set()

    def join(self, seconds: float) -> None:
        """Return when the job has ended and everything has been shown, or after so many seconds."""
        self._updater.join(seconds)

    def resend(self) -> None:
        """Send all measures and the log from their beginning."""
        with self._sending:
            with self._lock:
                series = {name: list(points) for name, points in self._series.items()}
                self._fresh, self._fresh_log = {}, ""
                log = self._log
            self._send({"kind": "reset"})
            self._send_growth(series, log)

    def view(self) -> dict[str, Any]:
        """The job in words, as the front end and the text fallback show it."""
        with self._lock:
            return {**job_in_words(self.job.record, self._progress), "trouble": self._trouble}

    def _follow(self) -> None:
        try:
            for message in self.job.events(stop=lambda: self._stopped):
                with self._lock:
                    self._take(message)
                self._changed.set()
        except ModelOpsError as error:
            self._trouble = told(error)
        finally:
            self._ended = True
            self._changed.set()

    def _take(self, message: Message) -> None:
        self._progress.take_message(message)
        if message.kind == "log":
            self._log = (self._log + str(message.data.get("text", "")))[-_LOG:]
            self._fresh_log = (self._fresh_log + str(message.data.get("text", "")))[-_LOG:]
        elif message.kind == "event" and message.data["type"] == "metric":
            self._take_measures(message.data)

    def _take_measures(self, event: dict[str, Any]) -> None:
        for name, value in (event.get("values") or {}).items():
            if isinstance(value, int | float):  # what is not finite arrives as text
                points = self._series.setdefault(str(name), [])
                step = event.get("step")
                point = [float(step if isinstance(step, int | float) else len(points)), float(value)]
                points.append(point)
                self._fresh.setdefault(str(name), []).append(point)

    def _update(self) -> None:
        while not self._stopped:
            self._changed.wait()
            self._changed.clear()
            over = self._ended
            with self._sending:
                with self._lock:
                    fresh, self._fresh = self._fresh, {}
                    log, self._fresh_log = self._fresh_log, ""
                self._send_growth(fresh, log)
            self._show(self)
            if over:
                return
            time.sleep(_INTERVAL)

    def _send_growth(self, series: dict[str, list[Point]], log: str) -> None:
        for name, points in series.items():
            for start in range(0, len(points), _CHUNK):
                self._send({"kind": "points", "name": name, "points": points[start : start + _CHUNK]})
        if log:
            self._send({"kind": "log", "text": log})
