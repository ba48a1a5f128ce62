"""Whether this server can work, and which version it is."""

from __future__ import annotations

from typing import Any

import modelops
from modelops.registry.database import LEAST_SPACE
from modelops_server.handlers.answers.health import Health
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation


class HealthHandler(ModelOpsHandler):
    """``GET health``: ``status`` is ``ok``, or ``degraded`` when nothing new can be stored."""

    @operation("getHealth", "read", "health", answer=Health)
    def get(self) -> dict[str, Any]:
        """Whether this server can work, and which version it is."""
        writable, free = self.home.is_writable(), self.home.free_bytes()
        return {
            "status": "ok" if writable and free >= LEAST_SPACE else "degraded",
            "version": modelops.__version__,
            "state_home": str(self.home.root),
            "state_home_writable": writable,
            "free_bytes": free,
            "disk_full": free < LEAST_SPACE,
        }
