"""What every handler of the API shares: errors as RFC 9457 problems, and the state home."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from http.client import responses
from types import TracebackType
from typing import Any, TypeVar, get_origin

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado.web import HTTPError, authenticated

from modelops.errors import InvalidInput, ModelOpsError
from modelops.paths import StateHome
from modelops_server.jobs import Queue

RESOURCE = "modelops"
"""The resource that a Jupyter authorizer is asked about."""

PROBLEM = "application/problem+json"

PATIENCE_MS = 3000
"""Milliseconds that a request waits for another process's lock on the database."""

RETRY_AFTER = 5
"""Seconds after which a client may ask again when something is not available just now."""

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

HINTS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "Log in to this Jupyter server, or send its token in the Authorization header.",
    HTTPStatus.NOT_FOUND: "Compare the address with the API's documentation.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Try again; if it stays, report what the Jupyter server's log says.",
}


class ModelOpsHandler(APIHandler):
    """Parse, authorise, call, render. Every method of a subclass that answers carries its own two decorators::

        @authenticated
        @authorized("read", resource=RESOURCE)

    (``authorized`` keeps the resource and action of its first call, so a decorated base method would be wrong.)
    """

    @property
    def home(self) -> StateHome:
        """The state home that this server was started with."""
        home: StateHome = self.settings["modelops_home"]
        return home

    def body(self, model: type[M]) -> M:
        """The request's body as ``model``; raises ``InvalidInput`` with every problem."""
        return _validated(lambda: model.model_validate_json(self.request.body or b"{}"), "invalid_body")

    def query(self, model: type[M]) -> M:
        """The query's arguments as ``model``; raises ``InvalidInput`` with every problem."""
        lists = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
        given = {
            name: self.get_query_arguments(name) if name in lists else self.get_query_argument(name)
            for name in self.request.query_arguments
        }
        return _validated(lambda: model.model_validate(given), "invalid_query")

    async def with_queue(self, call: Callable[[Queue], T]) -> T:
        """What ``call`` makes of the queue, in a thread: a database that waits must not hold up the server."""

        def work() -> T:
            with closing(Queue(self.home)) as queue:
                queue.database.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
                return call(queue)

        return await asyncio.get_running_loop().run_in_executor(None, work)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a problem (RFC 9457). What was not raised on purpose says nothing about our insides."""
        error = kwargs.get("exc_info", (None, None))[1]
        if isinstance(error, ModelOpsError):
            status_code = error.http_status
            problem = error.as_json()
            if status_code == HTTPStatus.SERVICE_UNAVAILABLE:
                self.set_header("Retry-After", str(RETRY_AFTER))
        else:
            problem = _problem(status_code, error)
        self.set_status(status_code)
        body = {**problem, "title": responses.get(status_code, "Error"), "status": status_code}
        self.finish(json.dumps(body), set_content_type=PROBLEM)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log errors that are values as one line; a traceback is for what nobody expected."""
        if isinstance(value, ModelOpsError):
            self.log.warning("%s %s: %s (%s)", self.request.method, self.request.path, value.message, value.code)
        else:
            super().log_exception(typ, value, tb)


class UnknownRouteHandler(ModelOpsHandler):
    """Any address below the API that no other handler serves."""

    @authenticated
    @authorized("read", resource=RESOURCE)
    def get(self) -> None:
        raise HTTPError(HTTPStatus.NOT_FOUND)

    @authenticated
    @authorized("write", resource=RESOURCE)
    def post(self) -> None:
        raise HTTPError(HTTPStatus.NOT_FOUND)

    put = patch = delete = post


def _validated(read: Callable[[], M], code: str) -> M:
    try:
        return read()
    except ValidationError as error:
        fields = [
            {"name": ".".join(map(str, problem["loc"])), "code": problem["type"], "message": problem["msg"]}
            for problem in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        text = "; ".join(
            f"{field['name']}: {field['message']}" if field["name"] else field["message"] for field in fields
        )
        raise InvalidInput(code, f"The request is not valid: {text[:1000]}.", fields=fields[:100]) from None


def _problem(status: int, error: BaseException | None) -> dict[str, str]:
    title = responses.get(status, "Error")
    code = re.sub(r"[^a-z]+", "_", title.lower())
    if isinstance(error, HTTPError) and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = (error.log_message or "") % error.args or f"{title}."
    else:
        detail = "The server could not answer; its log says why."
    return {"code": code, "detail": detail, "hint": HINTS.get(status, "")}
