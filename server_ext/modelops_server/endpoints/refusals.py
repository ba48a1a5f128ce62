"""Errors of the gateway; the API says each in the OpenAI form."""

from __future__ import annotations

from http import HTTPStatus

from modelops.errors import Conflict, ModelOpsError, NotFound, Unavailable
from modelops_server.endpoints.endpoint import Endpoint


class TooManyRequests(ModelOpsError):
    """It is not this client's turn, and waiting for it is not possible either."""

    http_status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, code: str, message: str, hint: str, retry_after: float) -> None:
        super().__init__(code, message, hint)
        self.retry_after = max(1, round(retry_after))
        """Seconds after which a client may ask again."""


class EngineRefused(ModelOpsError):
    """An engine does not take a request, and says why."""

    http_status = HTTPStatus.BAD_REQUEST


def unknown_model(name: str, known: list[str]) -> NotFound:
    """No endpoint has this name."""
    said = f"Ready are: {', '.join(known[:20])}." if known else "Start one: modelops endpoints start MODEL"
    return NotFound("model_not_found", f"There is no model {name[:200]!r}.", said)


def not_ready(endpoint: Endpoint) -> ModelOpsError:
    """The endpoint is there, but does not answer now."""
    reason = endpoint.reason
    why = f" {reason.detail}" if reason else ""
    if endpoint.state.ended:
        return Conflict(
            "endpoint_not_running",
            f"The endpoint {endpoint.name!r} is {endpoint.state.value}.{why}",
            f"Start it again: modelops endpoints restart {endpoint.name}",
        )
    return Unavailable(
        "endpoint_not_ready",
        f"The endpoint {endpoint.name!r} is {endpoint.state.value}.{why}",
        "Ask again in a few seconds.",
    )


def engine_gone(name: str) -> Unavailable:
    """The engine ended before it answered."""
    return Unavailable(
        "engine_unavailable",
        f"What serves {name!r} does not answer.",
        "Ask again in a few seconds: an engine of this machine is started anew.",
    )


def broken_off() -> Unavailable:
    """The engine ended while it answered."""
    return Unavailable(
        "engine_unavailable", "The engine ended while it answered; it is started anew.", "Ask again in a few seconds."
    )
