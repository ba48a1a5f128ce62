"""JSON that can be signed: one form for one value (RFC 8785), read back without leniency."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import rfc8785

from modelops.errors import InvalidInput

MAX_DEPTH = 64
"""Lists and objects inside each other in a document that can be signed."""

_SAFE_INTEGER = 2**53 - 1


class DuplicateKey(ValueError):
    """A JSON object has a key twice."""


def canonical(document: Any) -> bytes:
    """The RFC 8785 bytes of a document that :func:`signable` returned."""
    return rfc8785.dumps(document)


def signable(value: Any, _depth: int = 0) -> Any:
    """``value`` with everything that readers of JSON disagree on written as text.

    That is: floats, also those that are not finite; integers above 2^53; and seeds of any size, so that the type
    does not depend on the value. Raises ``InvalidInput`` with code ``not_json`` for what is no JSON value at all,
    or is nested more than ``MAX_DEPTH`` deep.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= _SAFE_INTEGER else str(int(value))
    if isinstance(value, float):
        return repr(float(value))
    if isinstance(value, str):
        return _text(value)
    if _depth >= MAX_DEPTH:
        raise InvalidInput("not_json", f"A value nested more than {MAX_DEPTH} deep cannot be signed.")
    if isinstance(value, list | tuple):
        return [signable(item, _depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {
            _text(key): str(item) if _is_seed(key, item) else signable(item, _depth + 1) for key, item in value.items()
        }
    raise InvalidInput(
        "not_json",
        f"A value of type {type(value).__name__} cannot be signed.",
        "Use text, numbers, booleans, None, lists and dictionaries with text keys.",
        type=type(value).__name__,
    )


def parse_strictly(content: bytes) -> Any:
    """Parse JSON that must mean one thing only; raises ``ValueError``, or its subclass :class:`DuplicateKey`."""
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _is_seed(key: Any, value: Any) -> bool:
    return type(value) is int and isinstance(key, str) and (key == "seed" or key.endswith("_seed"))


def _text(value: Any) -> str:
    try:
        return str.__str__(value).encode("utf-8").decode("utf-8")
    except (TypeError, UnicodeEncodeError) as error:
        raise InvalidInput("not_json", f"{value!r:.100} is not text.", "Use valid Unicode text.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise DuplicateKey("an object has a key twice")
    return document


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
