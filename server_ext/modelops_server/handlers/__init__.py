"""The REST API below ``<base_url>/modelops/api/v1/``: one thin module per resource."""

from __future__ import annotations

from modelops_server.handlers.routes import API, HANDLERS, ROUTES, Route

__all__ = ["API", "HANDLERS", "ROUTES", "Route"]
