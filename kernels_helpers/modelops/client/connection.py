"""Requests to the REST API: answers as JSON, problems (RFC 9457) as the errors they were on the server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx

from modelops.client.discovery import Server, candidates
from modelops.errors import Conflict, InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.events import JOB_FOLDER
from modelops.paths import StateHome

API = "modelops/api/v1/"

OPENAI = "modelops/openai/v1/"

ALIVE = 45.0
"""Seconds without a byte after which a stream of events counts as lost; the server sends a sign of life every 15."""

_ERRORS: dict[int, type[ModelOpsError]] = {
    HTTPStatus.NOT_FOUND: NotFound,
    HTTPStatus.CONFLICT: Conflict,
    HTTPStatus.BAD_REQUEST: InvalidInput,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidInput,
    HTTPStatus.TOO_MANY_REQUESTS: Unavailable,
    HTTPStatus.SERVICE_UNAVAILABLE: Unavailable,
}


class Connection:
    """A server that answered; safe to use from several threads."""

    def __init__(self, server: Server, timeout: float, api: str = API, *, kept: int = 20) -> None:
        """``kept`` is how many connections stay open for the next request."""
        self.server = server
        self._timeout = timeout
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=kept)
        self._http = httpx.Client(
            base_url=server.url + api,
            headers={"Authorization": f"token {server.token}"} if server.token else {},
            timeout=timeout,
            limits=limits,
            # A transport of its own keeps httpx from the proxies of the environment.
            transport=httpx.HTTPTransport(limits=limits) if server.local else None,
        )

    def __repr__(self) -> str:
        return f"<Connection to {self.server.url}>"

    def get(self, path: str, **query: Any) -> Any:
        """The JSON that ``GET path`` answers; a query's ``None`` is left out."""
        return self._json(self.request("GET", path, params=_given(query)))

    def text(self, path: str, **query: Any) -> str:
        """The text that ``GET path`` answers."""
        return self.request("GET", path, params=_given(query)).text

    def content(self, path: str) -> bytes:
        """The bytes that ``GET path`` answers."""
        return self.request("GET", path).content

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The JSON that ``POST path`` answers."""
        return self._json(self.request("POST", path, json=body or {}, headers=headers))

    def put(self, path: str, body: Any) -> Any:
        """The JSON that ``PUT path`` answers."""
        return self._json(self.request("PUT", path, json=body))

    def delete(self, path: str) -> None:
        """``DELETE path``."""
        self.request("DELETE", path)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, or the error that it means.

        Raises ``Unavailable`` with code ``unreachable`` when there is none, and ``closed`` where this was closed.
        """
        with self._reaching():
            answer = self._http.request(method, path, **options)
        if not answer.is_success:
            raise self._problem(answer)
        return answer

    @contextmanager
    def stream(self, method: str, path: str, silence: float = ALIVE, **options: Any) -> Iterator[Iterator[str]]:
        """The lines of an answer that comes by and by.

        Raises ``Unavailable`` with code ``unreachable`` when it breaks off, or nothing comes for ``silence`` seconds,
        and with ``closed`` where this is closed, also meanwhile.
        """
        timeout = httpx.Timeout(self._timeout, read=max(0.01, silence))
        with self._reaching(), self._http.stream(method, path, timeout=timeout, **options) as answer:
            if not answer.is_success:
                answer.read()
                raise self._problem(answer)
            yield answer.iter_lines()

    def error_of(self, problem: Mapping[str, Any]) -> ModelOpsError:
        """The error that a problem (RFC 9457) means."""
        kind = _ERRORS.get(problem["status"], ModelOpsError)
        details = {key: value for key, value in problem.items() if key not in _PROBLEM}
        return kind(problem["code"], problem["detail"], problem.get("hint", ""), **details)

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._http.close()

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Errors of httpx as ours; only they tell that it is closed, as another thread may do that at any moment."""
        try:
            yield
        except (httpx.TransportError, RuntimeError) as error:  # httpx says with a RuntimeError that it was closed
            if self._http.is_closed:
                raise Unavailable("closed", "This client was closed.", "Make a new one: modelops.Client().") from error
            if isinstance(error, httpx.TransportError):
                raise self._unreachable(error) from error
            raise

    def _json(self, answer: httpx.Response) -> Any:
        if answer.status_code == HTTPStatus.NO_CONTENT:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise self._unexpected(answer) from error

    def _problem(self, answer: httpx.Response) -> ModelOpsError:
        kind = _ERRORS.get(answer.status_code, ModelOpsError)
        if answer.headers.get("Content-Type", "").startswith("application/problem+json"):
            return self.error_of({**answer.json(), "status": answer.status_code})
        if said := _openai_error(answer):
            return kind(str(said.get("code") or said["type"]), str(said["message"]), **_when(answer))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return Unavailable(
                "not_installed",
                f"The Jupyter server at {self.server.url} does not have ModelOps.",
                "In the server's environment: pip install jupyterlab-modelops; then restart the server.",
            )
        if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN} or answer.is_redirect:
            return Unavailable(
                "forbidden",
                f"The Jupyter server at {self.server.url} refuses this token.",
                "Give the token that `jupyter server list` shows: modelops.Client(url, token), or $MODELOPS_TOKEN.",
            )
        return self._unexpected(answer)

    def _unexpected(self, answer: httpx.Response) -> ModelOpsError:
        return ModelOpsError(
            "unexpected_answer",
            f"The server at {self.server.url} answered with {answer.status_code} {answer.reason_phrase}.",
            "Try again; if it stays, the Jupyter server's log says more.",
        )

    def _unreachable(self, error: httpx.TransportError) -> Unavailable:
        return Unavailable(
            "unreachable",
            f"The Jupyter server at {self.server.url} does not answer ({type(error).__name__}).",
            "Start it again; jobs go on without it, and are found again.",
        )


def _openai_error(answer: httpx.Response) -> dict[str, Any] | None:
    """What an answer of the OpenAI API says is wrong: ``message``, ``type``, ``code``; ``None`` for any other."""
    try:
        said = answer.json()["error"]
        return said if {"message", "type"} <= set(said) else None
    except (ValueError, KeyError, TypeError):
        return None


def _when(answer: httpx.Response) -> dict[str, Any]:
    """In how many seconds to ask again, as ``retry_after``, where the answer says so."""
    said = answer.headers.get("Retry-After", "")
    return {"retry_after": float(said)} if said.isdecimal() else {}


_PROBLEM = frozenset({"type", "title", "status", "code", "detail", "hint", "instance"})


def connect(server: Server | None, timeout: float) -> tuple[Connection, dict[str, Any]]:
    """The first server that answers, and what it says of its health.

    Raises ``Unavailable`` with code ``no_server`` when there is none, or with what the only one answered.
    """
    tried: list[ModelOpsError] = []
    for candidate in [server] if server else candidates():
        connection = Connection(candidate, timeout)
        try:
            health = connection.get("health")
            if candidate.guessed and os.environ.get(JOB_FOLDER):
                _require_own(candidate, health)
            return connection, health
        except ModelOpsError as error:
            connection.close()
            tried.append(error)
    if len(tried) == 1:
        raise tried[0]
    raise Unavailable(
        "no_server",
        "No running Jupyter server with ModelOps was found.",
        "Start one with `jupyter lab`, or name one: modelops.Client('http://127.0.0.1:8888/', token='…').",
        tried=[error.message for error in tried],
    )


def _require_own(server: Server, health: dict[str, Any]) -> None:
    """Raise ``Unavailable`` where a job's kernel has found a server that knows nothing of this job."""
    own = StateHome.default().root
    if Path(health["state_home"]).resolve() != own.resolve():
        raise Unavailable(
            "other_state_home",
            f"The Jupyter server at {server.url} has another state home than this job.",
            f"Start a Jupyter server with MODELOPS_HOME={own}.",
        )


def _given(query: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in query.items() if value is not None}
