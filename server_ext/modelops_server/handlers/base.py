"""What every handler of the API shares: errors as RFC 9457 problems, and the state home."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http import HTTPStatus
from http.client import responses
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, get_origin

from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from modelops.errors import InvalidInput, ModelOpsError
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.handlers.operation import operation_of
from modelops_server.jobs import Queue

PROBLEM = "application/problem+json"

EVENT_STREAM = "text/event-stream"

MOST_BODY = 4_000_000
"""Bytes of a request's body that are read: parameters are short texts, and files are given by their path."""

PATIENCE_MS = 3000
"""Milliseconds that a request waits for another process's lock on the database."""

RETRY_AFTER = 5
"""Seconds after which a client may ask again when something is not available just now."""

_SLOW = ThreadPoolExecutor(4, "modelops-files")

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

HINTS: dict[int, str] = {
    HTTPStatus.FORBIDDEN: "Log in to this Jupyter server, or send its token in the Authorization header.",
    HTTPStatus.METHOD_NOT_ALLOWED: "Use one of the methods in the header Allow.",
    HTTPStatus.NOT_FOUND: "Compare the address with the API's documentation.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Try again; if it stays, report what the Jupyter server's log says.",
}


_JUPYTERS_OWN = frozenset({"token", "_xsrf", "no_track_activity"})
"""Query arguments that Jupyter's front ends and handlers use with any address."""


class TooLarge(InvalidInput):
    """A request is larger than what is read of one."""

    http_status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class ModelOpsHandler(APIHandler):
    """Parse, authorise, call, render. Every method of a subclass declares itself with ``@operation``."""

    @property
    def _track_activity(self) -> bool:  # type: ignore[override]
        # Panels ask again and again by themselves; only what changes something keeps a server from being culled.
        return self.request.method not in {"GET", "HEAD"}

    @property
    def home(self) -> StateHome:
        """The state home that this server was started with."""
        home: StateHome = self.settings["modelops_home"]
        return home

    @property
    def caller(self) -> str:
        """Whose requests are counted together: a token's, for Jupyter makes up a user for every request with one."""
        if self.token_authenticated:
            token = str(self.identity_provider.get_token(self))
            return f"token {hashlib.sha256(token.encode('utf-8', 'surrogateescape')).hexdigest()}"
        return str(getattr(self.current_user, "username", self.current_user))

    def body(self, model: type[M]) -> M:
        """The request's body as ``model``; raises ``InvalidInput`` with every problem."""
        content = self.request.body or b"{}"
        if len(content) > MOST_BODY:
            raise TooLarge(
                "body_too_large",
                f"The request has {len(content):,} bytes; {MOST_BODY:,} are read.",
                "Give large things by a path below the server's root folder.",
            )
        return _validated(lambda: model.model_validate_json(content), "invalid_body")

    def query(self, model: type[M]) -> M:
        """The query's arguments as ``model``; raises ``InvalidInput`` with every problem."""
        lists = {name for name, field in model.model_fields.items() if get_origin(field.annotation) is list}
        given: dict[str, Any] = {}
        for name in self.request.query_arguments:
            values = self.get_query_arguments(name, strip=False)
            if name in model.model_fields or not _is_jupyters(name, values):
                # What is given twice and can be given once stays a list, and is refused as one.
                given[name] = values if name in lists or len(values) > 1 else values[0]
        return _validated(lambda: model.model_validate(given), "invalid_query")

    def answer(self, document: Any, status: int = HTTPStatus.OK) -> None:
        """Send a document as JSON, or nothing with 204."""
        self.set_status(status)
        if status == HTTPStatus.NO_CONTENT:
            self.finish()
        else:
            self.finish(json.dumps(document, ensure_ascii=False, allow_nan=False))

    def begin_event_stream(self) -> None:
        """Say that what follows are server-sent events, which nobody on the way may keep back."""
        self.set_header("Content-Type", f"{EVENT_STREAM}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache, no-transform")
        self.set_header("X-Accel-Buffering", "no")
        # Else a small event waits until the one before is acknowledged, 40 ms later.
        self.request.connection.stream.set_nodelay(True)  # type: ignore[union-attr]

    async def slowly(self, call: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
        """What ``call`` makes of the arguments, in one of a few threads for what reads files and takes its time."""
        return await asyncio.get_running_loop().run_in_executor(_SLOW, partial(call, *arguments, **options))

    async def with_registry(self, call: Callable[[Registry], T]) -> T:
        """What ``call`` makes of the registry, in such a thread."""

        def work() -> T:
            registry = Registry(self.home)
            with closing(registry.database.conn):
                registry.database.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
                return call(registry)

        return await self.slowly(work)

    async def with_queue(self, call: Callable[[Queue], T]) -> T:
        """What ``call`` makes of the queue, in a thread: a database that waits must not hold up the server."""

        def work() -> T:
            with closing(Queue(self.home)) as queue:
                queue.database.execute(f"PRAGMA busy_timeout = {PATIENCE_MS}")
                return call(queue)

        return await self.in_thread(work)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What ``work`` returns, done in a thread: files and databases may take their time."""
        return await asyncio.get_running_loop().run_in_executor(None, work)

    def update_api_activity(self) -> None:
        """Only who changes something makes the server busy: panels ask again and again, also while nobody is there."""
        if self.request.method not in {"GET", "HEAD"}:
            super().update_api_activity()

    @authenticated
    def _not_served(self, **_path: str) -> None:
        raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)

    get: Any = _not_served
    head = post = put = patch = delete = get

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
        if status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            served = [method for method in self.SUPPORTED_METHODS if operation_of(type(self), method)]
            self.set_header("Allow", ", ".join([*served, "OPTIONS"]))
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


class HangsUp:
    """Of a handler whose work nobody wants once its client has hung up."""

    _working: asyncio.Task[None] | None = None
    _gone = False

    async def until_gone(self, work: Coroutine[Any, Any, None]) -> None:
        """Do ``work``; it is cancelled when the client hangs up."""
        self._working = asyncio.ensure_future(work)
        try:
            await self._working
        except (asyncio.CancelledError, StreamClosedError):
            if not self._gone:
                raise

    def on_connection_close(self) -> None:
        """Nobody waits for the answer."""
        super().on_connection_close()  # type: ignore[misc]
        self._gone = True
        if self._working is not None:
            self._working.cancel()


class UnknownRouteHandler(ModelOpsHandler):
    """Any address below the API that no other handler serves."""

    @authenticated
    def _unknown(self) -> None:
        raise HTTPError(HTTPStatus.NOT_FOUND)

    get = head = post = put = patch = delete = _unknown


def _is_jupyters(name: str, values: list[str]) -> bool:
    """Whether a query argument is not ours: JupyterLab adds the time to what must not come from a cache."""
    return name in _JUPYTERS_OWN or (name.isdigit() and values == [""])


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
