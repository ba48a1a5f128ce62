"""What goes wrong with a request, as the OpenAI API says it."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

_TYPES = {401: "authentication_error", 429: "rate_limit_error", 500: "server_error"}
_UNION_TAGS = frozenset({"str", "int", "float", "bool"})


class Problem(Exception):
    """A request that is refused or has failed: HTTP status, stable code, a sentence, and the field that is meant."""

    def __init__(self, status: int, code: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.param = param

    def as_json(self) -> dict[str, Any]:
        """The body of the answer."""
        kind = _TYPES.get(self.status, "invalid_request_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


def invalid(error: ValidationError) -> Problem:
    """What is wrong with a body, naming its first wrong field."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path: list[str] = []
    for step in first["loc"]:
        # Behind a field that may be of several types comes the type that was tried.
        if isinstance(step, str) and (not step.isidentifier() or step in _UNION_TAGS):
            break
        path.append(str(step))
    param = ".".join(path) or None
    code = "invalid_json" if first["type"] == "json_invalid" else "invalid_value"
    return Problem(400, code, f"{param or 'body'}: {first['msg']}.", param)


def not_supported(message: str, param: str) -> Problem:
    """The engine cannot do what a field asks for."""
    return Problem(400, "not_supported", message, param)


def context_exceeded(tokens: int, context: int, param: str) -> Problem:
    """The prompt leaves no room for an answer."""
    return Problem(
        400,
        "context_length_exceeded",
        f"The prompt has {tokens} tokens, and this endpoint has room for {context} of prompt and answer together. "
        "Shorten the prompt, or start the endpoint with a longer context.",
        param,
    )


def out_of_memory() -> Problem:
    """There was not enough memory for a request."""
    return Problem(
        500,
        "out_of_memory",
        "The memory was not enough to answer this request. Shorten the prompt, or start the endpoint with a shorter "
        "context or fewer parallel requests.",
    )


def non_finite() -> Problem:
    """The model computed nonsense."""
    return Problem(
        500, "non_finite", "The model computed NaN or infinity instead of likelihoods. Its weights are damaged."
    )


def busy(waiting: int) -> Problem:
    """Too many requests wait already."""
    return Problem(429, "engine_busy", f"{waiting} requests are waiting already. Try again later.")
