"""Errors as values: a code for programs, a sentence for a person, and a hint what to do."""

from __future__ import annotations

from typing import Any, ClassVar


class ModelOpsError(Exception):
    """Base of every error this package raises on purpose.

    ``code`` is stable and machine-readable (``snake_case``), ``message`` is one sentence for a person, ``hint`` says
    what to do about it, and ``details`` carries the facts behind it (JSON values only).
    """

    exit_code: ClassVar[int] = 1
    """What the command line exits with: 1 for a failure, 2 for bad usage or "cannot tell"."""

    http_status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, hint: str = "", **details: Any) -> None:
        super().__init__(message)
        if hint:
            self.add_note(hint)  # a traceback, such as a notebook's, shows it, too
        self.code = code
        self.message = message
        self.hint = hint
        self.details = details

    def as_json(self) -> dict[str, Any]:
        """The error as the body of an RFC 9457 problem: ``code``, ``detail``, ``hint`` and the details."""
        return {"code": self.code, "detail": self.message, "hint": self.hint, **self.details}


class InvalidInput(ModelOpsError):
    """What the caller gave is wrong: a name, a parameter, a file's content. Nothing was changed."""

    exit_code = 2
    http_status = 422


class NotFound(ModelOpsError):
    """What the caller named does not exist."""

    exit_code = 2
    http_status = 404


class Conflict(ModelOpsError):
    """The request contradicts the present state, such as moving a job out of a terminal state."""

    http_status = 409


class VerificationError(ModelOpsError):
    """Content is not what its attestation says; ``code`` is the reason. Nothing was loaded."""

    http_status = 409


class Unavailable(ModelOpsError):
    """A feature cannot be used on this machine; the hint is the command that mends it."""

    exit_code = 2
    http_status = 503


class NonFinite(ModelOpsError):
    """A loss, gradient or weight became NaN or infinite; a job that raises it ends with reason ``non_finite``."""

    def __init__(self, message: str, hint: str = "", **details: Any) -> None:
        super().__init__("non_finite", message, hint, **details)
