"""Watches an engine that runs: whether it lives, answers, stays within its memory, and is used."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from threading import Event

from modelops_server.endpoints.keeper import ending
from modelops_server.endpoints.keeper.engine_process import HEALTH_TIMEOUT, EngineProcess
from modelops_server.endpoints.keeper.log import shorten
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.sockets import connections
from modelops_server.endpoints.spec import EndpointSpec
from modelops_server.endpoints.status import Reason
from modelops_server.processes import out_of_memory_kills

_TICK = 0.25
_HEALTH = 3.0
"""Seconds between two questions whether the engine is well."""
_MISSES = 3
"""Questions without an answer after which it counts as hung."""
_MEMORY = 2.0
"""Seconds between two looks at its memory."""
_NOTABLE = 0.02
"""Share by which its memory changes before that is said."""


class EngineEnded(Exception):
    """The engine is gone, or was ended because it had to be."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.detail)
        self.reason = reason


class Idle(Exception):
    """Nobody used the endpoint for as long as it may be unused."""

    def __init__(self, minutes: float) -> None:
        self.reason = Reason(
            code="idle",
            detail=f"Nobody used it for {minutes:g} minutes.",
            hint="Start it again: modelops endpoints restart NAME",
        )
        super().__init__(self.reason.detail)


class Watch:
    """Looks at one engine process until something is to be done."""

    def __init__(
        self,
        place: Place,
        spec: EndpointSpec,
        title: str,
        process: EngineProcess,
        change: Event,
        say_memory: Callable[[int], None],
    ) -> None:
        """``change`` is set when the endpoint is to become another one."""
        self._place = place
        self._options = spec.options
        self._title = title
        self._process = process
        self._change = change
        self._say_memory = say_memory
        self._kills = out_of_memory_kills()
        self._log_began = place.log.stat().st_size if place.log.exists() else 0
        self._said = 0
        self._next_memory = 0.0

    def until_healthy(self) -> None:
        """Return when the engine answers, however long it loads; raises ``EngineEnded``."""
        while not self._process.healthy():
            self._look_at_life()
            self._look_at_memory()
            time.sleep(_TICK)

    def wait(self) -> None:
        """Return when something is to be changed; raises ``EngineEnded`` or ``Idle``."""
        misses, next_health = 0, time.monotonic() + _HEALTH
        while not self._change.wait(_TICK):
            self._look_at_life()
            self._look_at_memory()
            self._look_at_use()
            if time.monotonic() < next_health:
                continue
            misses = 0 if self._process.healthy() else misses + 1
            next_health = time.monotonic() + _HEALTH
            if misses >= _MISSES:
                self._process.kill()
                raise EngineEnded(ending.hung(self._title, _MISSES * (HEALTH_TIMEOUT + _HEALTH)))

    def _look_at_life(self) -> None:
        status = self._process.status
        if status is not None:
            for_memory = status == -signal.SIGKILL and out_of_memory_kills() > self._kills
            log = self._place.log
            raise EngineEnded(ending.engine_ended(self._title, status, log, self._log_began, for_memory=for_memory))

    def _look_at_memory(self) -> None:
        if time.monotonic() < self._next_memory:
            return
        self._next_memory = time.monotonic() + _MEMORY
        shorten(self._place.log)
        used, limit = self._process.memory(), self._options.max_memory
        if limit is not None and used > limit:
            self._process.kill()
            raise EngineEnded(ending.over_limit(self._title, used, limit))
        if abs(used - self._said) > _NOTABLE * self._said:
            self._said = used
            self._say_memory(used)

    def _look_at_use(self) -> None:
        minutes = self._options.idle_minutes
        if minutes is None or time.time() - self._place.used.stat().st_mtime < 60 * minutes:
            return
        if connections(self._process.socket) > 1:  # one is the keeper's own
            self._place.used.touch()
            return
        raise Idle(minutes)
