"""Whether this server can work, and which version it is."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

import modelops
from modelops.registry.database import LEAST_SPACE
from modelops_server.handlers.base import RESOURCE, ModelOpsHandler


class HealthHandler(ModelOpsHandler):
    """``GET health``: ``status`` is ``ok``, or ``degraded`` when nothing new can be stored."""

    # A front end that asks how the server is does not make it busy: the idle culler must not count it.
    _track_activity = False

    @authenticated
    @authorized("read", resource=RESOURCE)
    def get(self) -> None:
        writable, free = self.home.is_writable(), self.home.free_bytes()
        self.finish(
            {
                "status": "ok" if writable and free >= LEAST_SPACE else "degraded",
                "version": modelops.__version__,
                "state_home": str(self.home.root),
                "state_home_writable": writable,
                "free_bytes": free,
                "disk_full": free < LEAST_SPACE,
            }
        )
