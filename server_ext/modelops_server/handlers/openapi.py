"""The OpenAPI 3.1 document, made of the route table: ``python -m modelops_server.handlers.openapi`` prints it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from http.client import responses
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

import modelops
from modelops_server.handlers.answers.problems import Problem
from modelops_server.handlers.base import PROBLEM
from modelops_server.handlers.operation import JSON, Operation
from modelops_server.handlers.routes import API, PARTS, ROUTES, Route

_REF = "#/components/schemas/{model}"

_TEXT = {"text/plain", "text/html"}

_ABOUT = """Jobs that execute notebooks, and the signed artifacts that they make.

Authorise with the token of the Jupyter server (`Authorization: token …`), or with its cookies and `X-XSRFToken`. Times
are RFC 3339 in UTC, sizes bytes, durations seconds. Errors are problems (RFC 9457) with `code`, `detail` and `hint`."""


def document(routes: Iterable[Route] = ROUTES, url: str = API) -> dict[str, Any]:
    """The document of ``routes``, which are served below ``url``."""
    routes = tuple(routes)
    schemas = _Schemas(routes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ModelOps for JupyterLab", "version": modelops.__version__, "description": _ABOUT},
        "servers": [{"url": url}],
        "security": [{"token": []}, {"cookie": []}],
        "paths": {f"/{route.path}": _path_item(route, schemas) for route in routes},
        "components": {
            "schemas": schemas.definitions,
            "responses": {
                "Problem": {
                    "description": "What went wrong, and what to do about it.",
                    "content": {PROBLEM: {"schema": schemas.of(Problem, "serialization")}},
                }
            },
            "securitySchemes": {
                "token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token …`, the token of the Jupyter server.",
                },
                "cookie": {"type": "apiKey", "in": "cookie", "name": "_xsrf", "description": "Of a logged-in browser."},
            },
        },
    }


class _Generator(GenerateJsonSchema):
    """pydantic's schemas without a title at every field, which only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _Schemas:
    """JSON Schemas of all models that the operations name, each once, under its own name."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._of, document = models_json_schema(
            list(dict.fromkeys(_models(routes))), ref_template=_REF, schema_generator=_Generator
        )
        self.definitions: dict[str, Any] = {
            name: schema
            for name, schema in document.get("$defs", {}).items()
            if not name.endswith("Query")  # they are spelled out as parameters
        }

    def of(self, model: type[BaseModel], mode: Any) -> dict[str, Any]:
        """A reference to the schema of a model."""
        return self._of[model, mode]

    def properties(self, model: type[BaseModel]) -> Iterator[tuple[str, dict[str, Any], bool]]:
        """Each field of a query: its name, its schema, and whether it is required."""
        schema = model.model_json_schema(ref_template=_REF, schema_generator=_Generator)
        for name, field in schema.get("properties", {}).items():
            yield name, field, name in schema.get("required", ())


def _models(routes: Iterable[Route]) -> Iterator[tuple[type[BaseModel], Any]]:
    yield Problem, "serialization"
    for route in routes:
        for declared in route.operations().values():
            yield declared.query, "validation"
            if declared.body is not None:
                yield declared.body, "validation"
            if declared.answer is not None:
                yield declared.answer, "serialization"


def _path_item(route: Route, schemas: _Schemas) -> dict[str, Any]:
    item: dict[str, Any] = {method: _operation(declared, schemas) for method, declared in route.operations().items()}
    if route.parts:
        item["parameters"] = [
            {
                "name": name,
                "in": "path",
                "required": True,
                "description": PARTS[name].description,
                "schema": {"type": "string"},
                "example": PARTS[name].example,
            }
            for name in route.parts
        ]
    return item


def _operation(declared: Operation, schemas: _Schemas) -> dict[str, Any]:
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": required,
            **({"description": schema.pop("description")} if "description" in schema else {}),
            "schema": schema,
        }
        for name, schema, required in schemas.properties(declared.query)
    ] + [
        {"name": name, "in": "header", "description": text, "schema": {"type": "string"}}
        for name, text in declared.headers.items()
    ]
    described: dict[str, Any] = {
        "operationId": declared.id,
        "tags": [declared.resource.partition(":")[2]],
        "summary": declared.summary,
        **({"description": declared.description} if declared.description else {}),
        "x-action": declared.action,
        "x-resource": declared.resource,
    }
    if parameters:
        described["parameters"] = parameters
    if declared.body is not None:
        content = {JSON: {"schema": schemas.of(declared.body, "validation")}}
        described["requestBody"] = {"required": True, "content": content}
    described["responses"] = {
        str(int(declared.status)): _answer(declared, schemas),
        "default": {"$ref": "#/components/responses/Problem"},
    }
    return described


def _answer(declared: Operation, schemas: _Schemas) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if declared.answer is not None:
        content[JSON] = {"schema": schemas.of(declared.answer, "serialization")}
    for media in declared.media:
        if media != JSON:
            content[media] = {"schema": {"type": "string"}} if media in _TEXT else {}
    return {"description": responses[declared.status], **({"content": content} if content else {})}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
