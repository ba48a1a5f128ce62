"""Text from a command line (``-p key=value``) turned into typed values by the parameters' types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args, get_origin

from modelops.templates.annotations import base_of, is_optional
from modelops.templates.parameter import Parameter
from modelops.templates.validation import MAX_SIZE, FieldProblem, check_value, refused, unknown

_INTEGER = re.compile(r"[+-]?[0-9]+(_[0-9]+)*")


class _NotReadable(Exception):
    """The text is no value of the type; the message goes on after the parameter's name."""


def parse_text(parameters: Iterable[Parameter], assignments: Mapping[str, str]) -> dict[str, Any]:
    """Typed values for the given texts only; defaults are not added.

    Text parameters keep their text as it is. Raises ``InvalidInput`` (``invalid_parameters``), field by field.
    """
    known = {parameter.name: parameter for parameter in parameters}
    values: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, text in assignments.items():
        if name not in known:
            problems.append(unknown(name, known))
            continue
        try:
            value = _read(known[name].annotation, text)
        except _NotReadable as error:
            problems.append(FieldProblem(name, "wrong_type", str(error)))
            continue
        values[name], problem = check_value(known[name], value)
        if problem:
            problems.append(problem)
    if problems:
        raise refused(problems)
    return values


def _read(annotation: Any, text: str) -> Any:
    base = base_of(annotation)
    if is_optional(annotation) and text in ("none", "None"):
        return None
    if base is str:
        return text
    if len(text) > MAX_SIZE:
        raise _NotReadable(f"must be given in at most {MAX_SIZE:,} characters")
    text = text.strip()
    if get_origin(base) is Literal:
        return next((choice for choice in get_args(base) if _matches(choice, text)), text)
    if get_origin(base) is list:
        return _read_list(get_args(base)[0], text)
    if base is bool:
        return _read_bool(text)
    return _read_number(base, text)


def _matches(choice: Any, text: str) -> bool:
    if isinstance(choice, bool) or choice is None:
        return str(choice).lower() == text.lower()
    return str(choice) == text


def _read_bool(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise _NotReadable(f"must be true or false, not {text[:60]!r}")
    return text.lower() == "true"


def _read_number(base: Any, text: str) -> Any:
    try:
        if base is int and _INTEGER.fullmatch(text):
            return int(text)
        if base is float and text.isascii():
            return float(text)
    except ValueError:
        pass  # not a number, or a whole number of thousands of digits
    raise _NotReadable(f"must be a {'whole ' if base is int else ''}number, not {text[:60]!r}")


def _read_list(item: Any, text: str) -> list[Any]:
    """A JSON or YAML list; its plain scalars are read by the item's type, so ``[no, 1.0]`` can be two texts."""
    elements = _elements(text)
    if not isinstance(elements, list):
        raise _NotReadable("must be a list such as [a, b]" + (", in quotes for the shell" if "," in text else ""))
    return [_read_element(item, element) for element in elements]


def _read_element(item: Any, element: Any) -> Any:
    if isinstance(element, str):
        return _read(item, element)
    if isinstance(element, list) and get_origin(base_of(item)) is list:
        return [_read_element(get_args(base_of(item))[0], inner) for inner in element]
    return element


def _elements(text: str) -> Any:
    import yaml

    try:
        # Numbers stay text here: the item's type reads them.
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        pass  # not JSON: YAML also takes [q_proj, v_proj]
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - makes text, lists and mappings only
    except (yaml.YAMLError, RecursionError):
        raise _NotReadable("is neither a JSON nor a YAML list") from None
