"""Brings endpoints back whose keeper died: after a crash of the machine, or a kill."""

from __future__ import annotations

import logging
import threading

from modelops.errors import ModelOpsError
from modelops.paths import StateHome
from modelops_server.endpoints.manager import revive

_LOOK = 3.0
"""Seconds between two looks."""

_log = logging.getLogger("modelops.endpoints")


class Reviver(threading.Thread):
    """Looks at the endpoints of one state home until it is stopped; several servers may."""

    def __init__(self, home: StateHome) -> None:
        super().__init__(name="modelops-endpoints", daemon=True)
        self._home = home
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look now and then."""
        while True:
            try:
                for name in revive(self._home):
                    _log.warning("The endpoint %s had lost its keeper, and is started again", name)
            except (ModelOpsError, OSError) as error:
                _log.warning("Endpoints cannot be looked after: %s", error)
            if self._stopped.wait(_LOOK):
                return

    def stop(self) -> None:
        """End the thread; endpoints go on."""
        self._stopped.set()
        self.join(timeout=30)
