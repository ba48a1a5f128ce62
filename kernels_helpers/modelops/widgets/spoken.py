"""What the views have in common in which something is asked, and an answer comes piece by piece."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar, cast

from traitlets import Dict, Unicode

from modelops.widgets.base import View

T = TypeVar("T")

_ENDS = 10.0
"""Seconds that an interrupt waits for what it breaks off; a search cannot be, and ends by itself."""


class Spoken(View):
    """A view that asks in its thread, from the front end and from Python, and can be stopped while it does."""

    draft = Unicode().tag(sync=True)
    """What is being written; the message ``send`` asks it."""
    answer = Dict().tag(sync=True)
    """The last answer in words; empty before the first."""

    @abstractmethod
    def stop(self) -> None:
        """Break off the answer that comes now: the engine is free, and what has come is kept."""

    def close(self) -> None:
        if self._worker is not None:
            self.stop()
        super().close()

    def _receive(self, content: Any) -> None:
        if isinstance(content, dict) and content.get("kind") == "stop":
            self.stop()  # not in the thread, which is busy with what is to be stopped
        else:
            super()._receive(content)

    def _now(self, work: Callable[[], T]) -> T:
        """Do something in the thread of this view, and return when it is done; an interrupt breaks it off."""
        done = cast("ThreadPoolExecutor", self._worker).submit(work)
        try:
            return done.result()
        except KeyboardInterrupt:
            self.stop()
            wait([done], _ENDS)
            raise
