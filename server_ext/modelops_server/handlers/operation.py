"""How a method of a handler says what it does; the route table, the access checks and the OpenAPI document follow.

One decorator holds everything that concerns a request from outside::

    class JobsHandler(ModelOpsHandler):
        @operation("listJobs", "read", "jobs", query=JobsQuery, answer=JobList)
        async def get(self, query: JobsQuery) -> dict[str, Any]:
            \"""List jobs, the newest first.

            What follows is the longer description in the document.
            \"""
            ...
            return {"jobs": [job.as_json() for job in found], "total": total}

It lets in who is logged in and may do the action (``read``, ``write``, or ``execute`` for what runs code) on the
resource ``modelops:jobs``; parses the query and the body into the models, or answers 422 with every field; hands them
to the method as ``query`` and ``body``, beside the parts of the path by their names; and sends what the method returns
as JSON with ``status``. A method that returns nothing has sent its answer itself, or answers 204.

To add a resource: its answers in :mod:`modelops_server.handlers.answers`, its handlers in a module of their own, and a
line for each in ``ROUTES`` of :mod:`modelops_server.handlers.routes`. Nothing else knows of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from jupyter_server.auth.decorator import authorized
from pydantic import BaseModel, ConfigDict
from tornado.web import authenticated

if TYPE_CHECKING:
    from modelops_server.handlers.base import ModelOpsHandler

Action = Literal["read", "write", "execute"]
Resource = Literal[
    "health",
    "templates",
    "jobs",
    "artifacts",
    "datasets",
    "models",
    "endpoints",
    "indexes",
    "environments",
    "preflight",
    "tasks",
]

JSON = "application/json"


class NoQuery(BaseModel):
    """The query of an operation that takes none."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Operation:
    """What one method of one route does, for those who read the API and those who guard it."""

    id: str
    """The operation's name in generated clients, such as ``listJobs``."""
    action: Action
    resource: str
    """What a Jupyter authorizer is asked about, such as ``modelops:jobs``."""
    summary: str
    description: str
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    """What is sent as JSON; ``None`` where the answer is a file, a stream or nothing."""
    status: int = HTTPStatus.OK
    media: tuple[str, ...] = (JSON,)
    """Media types of the answer; ``answer`` describes the JSON among them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that the request may carry, each with what it is for."""


def operation(
    id: str,
    action: Action,
    resource: Resource,
    *,
    query: type[BaseModel] = NoQuery,
    body: type[BaseModel] | None = None,
    answer: type[BaseModel] | None = None,
    status: int = HTTPStatus.OK,
    media: tuple[str, ...] = (JSON,),
    headers: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare a handler's method; its docstring is the summary and, after an empty line, the description."""

    def declare(method: Callable[..., Any]) -> Any:
        summary, _, description = (inspect.getdoc(method) or "").partition("\n\n")
        declared = Operation(
            id=id,
            action=action,
            resource=f"modelops:{resource}",
            summary=" ".join(summary.split()).rstrip("."),
            description=description,
            query=query,
            body=body,
            answer=answer,
            status=status,
            media=media,
            headers=headers or {},
        )
        # Both are given: `authorized` would keep those of the first request that it saw.
        guarded: Any = authenticated(authorized(action, resource=declared.resource)(_answering(method, declared)))
        guarded.operation = declared
        return guarded

    return declare


def operation_of(handler: type, method: str) -> Operation | None:
    """What ``handler`` declares for an HTTP method, if it serves it."""
    return getattr(getattr(handler, method.lower(), None), "operation", None)


def _answering(method: Callable[..., Any], declared: Operation) -> Callable[..., Awaitable[None]]:
    @wraps(method)
    async def answer(self: ModelOpsHandler, **path: str) -> None:
        given: dict[str, Any] = dict(path)
        query = self.query(declared.query)
        if declared.query is not NoQuery:
            given["query"] = query
        if declared.body is not None:
            given["body"] = self.body(declared.body)
        result = method(self, **given)
        if inspect.isawaitable(result):
            result = await result
        if result is not None or declared.status == HTTPStatus.NO_CONTENT:
            self.answer(result, declared.status)

    return answer
