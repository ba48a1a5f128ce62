"""What the handlers of the OpenAI API share: who may ask, and errors as OpenAI's clients read them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from jupyter_server.auth import User
from jupyter_server.auth.decorator import authorized
from tornado.web import HTTPError

from modelops.errors import InvalidInput, ModelOpsError, Unavailable
from modelops_server.endpoints.gateway import Gateway
from modelops_server.endpoints.keys import PREFIX, opened_by
from modelops_server.endpoints.refusals import TooManyRequests
from modelops_server.handlers.base import MOST_BODY, RETRY_AFTER, ModelOpsHandler, TooLarge

_BEARER = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)

_TYPES: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "authentication_error",
    HTTPStatus.FORBIDDEN: "permission_error",
    HTTPStatus.NOT_FOUND: "not_found_error",
    HTTPStatus.TOO_MANY_REQUESTS: "rate_limit_error",
}


class BadRequest(InvalidInput):
    """What was sent is no request of this API."""

    http_status = HTTPStatus.BAD_REQUEST


class OpenAIHandler(ModelOpsHandler):
    """Answers whoever has a login, a token or a key."""

    opened: str | None = None
    """The endpoint that the request's key opens, and no other; ``None`` for who has a login."""

    @property
    def gateway(self) -> Gateway:
        """The way to the engines."""
        gateway: Gateway = self.settings["modelops_gateway"]
        return gateway

    @property
    def caller(self) -> str:
        """Whose requests are counted together; those with a key, by the key."""
        return super().caller if self.opened is None else str(self.current_user.username)

    async def prepare(self) -> None:  # type: ignore[override]
        """Let in who brings a key to an endpoint; everybody else is Jupyter's to know."""
        found = _BEARER.match(self.request.headers.get("Authorization", ""))
        if found is None or not found[1].startswith(PREFIX):
            waiting: Any = super().prepare()
            if waiting is not None:
                await waiting
            return
        if not self.check_host():
            raise HTTPError(HTTPStatus.FORBIDDEN)
        opened = await asyncio.to_thread(opened_by, self.home, found[1])
        if opened is None:
            raise HTTPError(HTTPStatus.UNAUTHORIZED)
        self.opened, key_id = opened
        user = User(username=f"key {key_id} of {self.opened}")
        self.current_user = self._jupyter_current_user = user
        # It came with the request, and not from a cookie that a browser sends for anybody.
        self._token_authenticated = True

    def check_xsrf_cookie(self) -> None:
        """Only a browser's cookie can be used by somebody else's page."""
        if self.opened is None:
            super().check_xsrf_cookie()

    def asked(self) -> dict[str, Any]:
        """The request's body; raises ``BadRequest`` for what is no JSON object that names a model."""
        content = self.request.body
        if len(content) > MOST_BODY:
            raise TooLarge(
                "body_too_large", f"The request has {len(content):,} bytes; {MOST_BODY:,} are read.", "Send less text."
            )
        try:
            body = json.loads(content, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise BadRequest("invalid_json", f"The request is not valid JSON: {str(error)[:200]}.") from error
        if not isinstance(body, dict) or not isinstance(body.get("model"), str):
            raise BadRequest("model_missing", "The request does not name a model.", 'Send "model": "name".')
        return body

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer as OpenAI does: ``error`` with message, type, param and code; the hint is part of the message."""
        error = kwargs.get("exc_info", (None, None))[1]
        if status_code == HTTPStatus.FORBIDDEN and self.current_user is None:
            status_code = HTTPStatus.UNAUTHORIZED
        if isinstance(error, ModelOpsError):
            status_code = error.http_status
            message, code = f"{error.message} {error.hint}".strip(), error.code
        else:
            message, code = _SAID.get(status_code, "The server could not answer; its log says why."), None
        if isinstance(error, TooManyRequests):
            self.set_header("Retry-After", str(error.retry_after))
        elif isinstance(error, Unavailable):
            self.set_header("Retry-After", str(RETRY_AFTER))
        if status_code == HTTPStatus.UNAUTHORIZED:
            self.set_header("WWW-Authenticate", "Bearer")
        self.set_status(status_code)
        self.finish(json.dumps({"error": openai_error(status_code, message, code)}))


_SAID: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Send a Jupyter token or a key to the endpoint: Authorization: Bearer TOKEN",
    HTTPStatus.FORBIDDEN: "This user may not use endpoints here.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address; the API begins at modelops/openai/v1.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address is not asked that way.",
}


def openai_error(status: int, message: str, code: str | None, param: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's clients read it."""
    server = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    kind = _TYPES.get(status, "server_error" if server else "invalid_request_error")
    return {"message": message, "type": kind, "param": param, "code": code}


def guarded(action: str) -> Callable[[Callable[..., Awaitable[None]]], Any]:
    """Let a method be called by who brought a key, or may do ``action`` with ``modelops:endpoints``."""

    def guard(method: Callable[..., Awaitable[None]]) -> Any:
        allowed: Any = authorized(action, resource="modelops:endpoints")(method)

        @wraps(method)
        async def call(self: OpenAIHandler, *arguments: Any, **named: Any) -> None:
            if self.current_user is None:
                raise HTTPError(HTTPStatus.UNAUTHORIZED)
            answered = (method if self.opened else allowed)(self, *arguments, **named)
            if answered is not None:
                await answered

        return call

    return guard


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")
