"""Values checked against parameters: strictly, without coercion, and field by field."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from modelops.errors import InvalidInput
from modelops.templates.parameter import Parameter

MAX_SIZE = 65_536
"""Characters and list items that one parameter may hold."""
MAX_INTEGER = 2**53 - 1
"""Above it JSON readers, a browser among them, change whole numbers without saying so."""
MAX_PROBLEMS = 100

ProblemCode = Literal[
    "unknown",
    "missing",
    "wrong_type",
    "not_finite",
    "out_of_range",
    "not_a_choice",
    "wrong_pattern",
    "too_short",
    "too_long",
    "too_large",
    "not_text",
    "invalid_reference",
    "invalid_secret_name",
    "invalid",
]

# What pydantic calls an error -> our code, and the message that goes on after the parameter's name.
_CODES: dict[str, tuple[ProblemCode, str]] = {
    "int_type": ("wrong_type", "must be a whole number, not {given}"),
    "float_type": ("wrong_type", "must be a number, not {given}"),
    "string_type": ("wrong_type", "must be text, not {given}"),
    "bool_type": ("wrong_type", "must be true or false, not {given}"),
    "list_type": ("wrong_type", "must be a list, not {given}"),
    "finite_number": ("not_finite", "must be a finite number, not {given}"),
    "greater_than": ("out_of_range", "must be greater than {gt}, not {given}"),
    "greater_than_equal": ("out_of_range", "must be at least {ge}, not {given}"),
    "less_than": ("out_of_range", "must be less than {lt}, not {given}"),
    "less_than_equal": ("out_of_range", "must be at most {le}, not {given}"),
    "multiple_of": ("out_of_range", "must be a multiple of {multiple_of}, not {given}"),
    "literal_error": ("not_a_choice", "must be {expected}, not {given}"),
    "string_too_short": ("too_short", "must have at least {min_length} characters"),
    "string_too_long": ("too_long", "must have at most {max_length} characters"),
    "too_short": ("too_short", "must have at least {min_length} items, not {actual_length}"),
    "too_long": ("too_long", "must have at most {max_length} items, not {actual_length}"),
    "string_pattern_mismatch": ("wrong_pattern", "must match the pattern {pattern}, and {given} does not"),
    "invalid_reference": ("invalid_reference", "{reason}"),
    "invalid_secret_name": ("invalid_secret_name", "{reason}"),
}


@dataclass(frozen=True)
class FieldProblem:
    """What is wrong with one parameter's value; ``message`` goes on after the name: "rank must be …"."""

    name: str
    code: ProblemCode
    message: str


def validate(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The full set of values, defaults included, in the parameters' order.

    Raises ``InvalidInput`` (``invalid_parameters``) whose ``fields`` name every problem with its code.
    """
    known = {parameter.name: parameter for parameter in parameters}
    problems = [unknown(name, known) for name in values if name not in known]
    complete: dict[str, Any] = {}
    for name, parameter in known.items():
        if name in values:
            complete[name], problem = check_value(parameter, values[name])
            if problem:
                problems.append(problem)
        elif parameter.required:
            problems.append(FieldProblem(name, "missing", "is required and has no default"))
        else:
            complete[name] = list(parameter.default) if isinstance(parameter.default, list) else parameter.default
    if problems:
        raise refused(problems)
    return complete


def check_value(parameter: Parameter, value: Any) -> tuple[Any, FieldProblem | None]:
    """The value as the parameter's type holds it, or what is wrong with it."""
    from pydantic import ValidationError

    if _size(value) > MAX_SIZE:
        return None, _problem(parameter, "too_large", f"must hold at most {MAX_SIZE:,} characters and list items")
    try:
        result = parameter.adapter.validate_python(value)
    except ValidationError as error:
        return None, _from_pydantic(parameter, error)
    if _coerced(value, result):
        return None, _problem(
            parameter, "wrong_type", f"must be {_repr(parameter, result)}, not {_repr(parameter, value)}"
        )
    if problem := _not_portable(result):
        return None, _problem(parameter, *problem)
    return result, None


def unknown(name: object, known: Mapping[str, Parameter]) -> FieldProblem:
    """The problem of a name that is no parameter, with the nearest name that is."""
    shown = str(name)[:100]
    near = difflib.get_close_matches(shown, known, n=1)
    return FieldProblem(shown, "unknown", "is not a parameter" + (f"; did you mean {near[0]}?" if near else ""))


def refused(problems: list[FieldProblem]) -> InvalidInput:
    """The error that carries every problem, field by field."""
    sentences = "; ".join(f"{problem.name} {problem.message}" for problem in problems[:5])
    more = f"; and {len(problems) - 5} more" if len(problems) > 5 else ""
    return InvalidInput(
        "invalid_parameters",
        f"{sentences}{more}.",
        "`modelops templates show NAME` lists the parameters with their types and ranges.",
        fields=[asdict(problem) for problem in problems[:MAX_PROBLEMS]],
    )


def _problem(parameter: Parameter, code: ProblemCode, message: str) -> FieldProblem:
    return FieldProblem(parameter.name, code, message)


def _from_pydantic(parameter: Parameter, error: Any) -> FieldProblem:
    first = error.errors(include_url=False)[0]
    code, message = _CODES.get(first["type"], ("invalid", first["msg"].replace("{", "{{").replace("}", "}}")))
    facts = {**(first.get("ctx") or {}), "given": _repr(parameter, first["input"])}
    place = "".join(f"item {index + 1} " for index in first["loc"] if isinstance(index, int))
    return _problem(parameter, code, place + message.format_map(facts))


def _repr(parameter: Parameter, value: Any) -> str:
    """The value for a message: short, in the words of JSON, and never where it could be a secret."""
    match value:
        case _ if parameter.reference == "Secret":
            return f"a value of type {type(value).__name__}"
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case str():
            return f"the text {value!r}" if len(value) <= 60 else f"a text of {len(value):,} characters"
        case int() | float():
            return repr(value) if abs(value) < 1e21 or isinstance(value, float) else "so large a number"
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


def _size(value: Any) -> int:
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, list | tuple):
        total = 0
        for item in value:
            total += 1 + _size(item)
            if total > MAX_SIZE:
                break
        return total
    return 1


def _coerced(given: Any, result: Any) -> bool:
    """Whether a value changed its type, as ``True`` does in ``Literal[1]``; a whole number may become a float."""
    if isinstance(result, list):
        return any(_coerced(before, after) for before, after in zip(given, result, strict=True))
    if isinstance(given, bool) or isinstance(result, bool):
        return type(given) is not type(result)
    return isinstance(given, float) and isinstance(result, int)


def _not_portable(value: Any) -> tuple[ProblemCode, str] | None:
    """Code and message for a value that JSON, and so the job's files, could not carry unchanged."""
    if isinstance(value, list):
        return next((problem for item in value if (problem := _not_portable(item))), None)
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return "out_of_range", f"must be between -{MAX_INTEGER} and {MAX_INTEGER}"
    if isinstance(value, str) and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "not_text", "must be Unicode text; it holds half of a character (a lone surrogate)"
    return None
