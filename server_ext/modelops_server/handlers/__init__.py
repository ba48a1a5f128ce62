"""The REST API below ``<base_url>/modelops/api/v1/``: one thin module per resource."""

from __future__ import annotations

from modelops_server.handlers.base import UnknownRouteHandler
from modelops_server.handlers.health import HealthHandler

API = "/modelops/api/v1"

ROUTES = [
    (f"{API}/health", HealthHandler),
    # Last, so that also a mistyped address is answered by a problem and not by a page.
    (r"/modelops/api(?:/.*)?", UnknownRouteHandler),
]
"""Every route of the API with its handler, the most specific first."""

__all__ = ["API", "ROUTES"]
