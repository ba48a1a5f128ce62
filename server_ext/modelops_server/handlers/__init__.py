"""The REST API below ``<base_url>/modelops/api/v1/``: one thin module per resource."""

from __future__ import annotations

from modelops_server.handlers.base import UnknownRouteHandler
from modelops_server.handlers.health import HealthHandler
from modelops_server.handlers.jobs import CancelHandler, JobHandler, JobsHandler, RetryHandler

API = "/modelops/api/v1"

_JOB = r"([a-z0-9][a-z0-9._-]{0,95})"

ROUTES = [
    (f"{API}/health", HealthHandler),
    (f"{API}/jobs", JobsHandler),
    (rf"{API}/jobs/{_JOB}", JobHandler),
    (rf"{API}/jobs/{_JOB}/cancel", CancelHandler),
    (rf"{API}/jobs/{_JOB}/retry", RetryHandler),
    # Last, so that also a mistyped address is answered by a problem and not by a page.
    (r"/modelops/api(?:/.*)?", UnknownRouteHandler),
]
"""Every route of the API with its handler, the most specific first."""

__all__ = ["API", "ROUTES"]
