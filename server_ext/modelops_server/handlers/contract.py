"""The API's own description, as OpenAPI 3.1."""

from __future__ import annotations

from functools import cache
from typing import Any

from jupyter_server.utils import url_path_join
from pydantic import BaseModel, ConfigDict

from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation


class OpenApiDocument(BaseModel):
    """An OpenAPI 3.1 document."""

    model_config = ConfigDict(extra="allow")

    openapi: str
    info: dict[str, Any]
    paths: dict[str, Any]
    components: dict[str, Any]


class ContractHandler(ModelOpsHandler):
    """``openapi.json``."""

    @operation("getOpenApi", "read", "health", answer=OpenApiDocument)
    def get(self) -> dict[str, Any]:
        """This document."""
        return _document(self.base_url)


@cache
def _document(base_url: str) -> dict[str, Any]:
    from modelops_server.handlers.openapi import document
    from modelops_server.handlers.routes import API, ROUTES

    return document(ROUTES, url_path_join(base_url, API))
