"""A parameters cell read as parameters: by its syntax tree, never by executing it."""

from __future__ import annotations

import ast
import keyword
from dataclasses import replace
from typing import Any

from modelops.errors import InvalidInput
from modelops.templates.annotations import ALLOWED, RESERVED_NAMES, NotAllowed, evaluate, literal
from modelops.templates.comments import Comments, read_comments
from modelops.templates.parameter import Parameter
from modelops.templates.validation import check_value

MAX_CELL = 200_000
"""Characters of a parameters cell; a longer one is no form."""


def parse_parameters(source: str) -> tuple[Parameter, ...]:
    """The parameters that a cell's source declares, in order.

    Raises ``InvalidInput`` (``invalid_parameters_cell``) with every line that cannot be read and why.
    """
    tree = _syntax_tree(source)
    comments = read_comments(source)
    parameters: dict[str, Parameter] = {}
    problems: list[tuple[int, str]] = []
    for statement in tree.body:
        try:
            parameter = _parameter(statement, comments)
            if parameter is None:
                continue
            if parameter.name in parameters:
                first = parameters[parameter.name].line
                raise NotAllowed(statement, f"{parameter.name!r} is already a parameter in line {first}")
            parameters[parameter.name] = parameter
        except NotAllowed as error:
            problems.append((getattr(error.node, "lineno", statement.lineno), error.reason))
        except RecursionError:
            problems.append((statement.lineno, "the statement is nested too deeply"))
    if problems:
        raise _refused(problems)
    return tuple(parameters.values())


def _syntax_tree(source: str) -> ast.Module:
    if len(source) > MAX_CELL:
        raise _refused([(1, f"the cell has more than {MAX_CELL} characters")])
    try:
        return ast.parse(source)
    except SyntaxError as error:
        line = (error.text or "").strip()[:80]
        if line.startswith(("%", "!", "?")):
            raise _refused([(error.lineno or 1, f"{line!r} is an IPython command")]) from None
        what = repr(line) if line else "the cell"
        raise _refused([(error.lineno or 1, f"{what} is not valid Python ({error.msg})")]) from None
    except (ValueError, RecursionError, MemoryError):
        raise _refused([(1, "the cell cannot be read as Python")]) from None


def _parameter(statement: ast.stmt, comments: Comments) -> Parameter | None:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return None
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
            _check_name(statement, name)
            kind = evaluate(annotation)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            _check_name(statement, name)
            kind = _inferred(value)
        case _:
            line = ast.unparse(statement).splitlines()[0][:80]
            raise NotAllowed(statement, f"{line!r} is not an assignment to one name, an import or a comment")
    parameter = Parameter(
        name=name,
        annotation=kind,
        default=None if value is None else literal(value),
        required=value is None,
        description=comments.description(statement.lineno, statement.end_lineno or statement.lineno),
        group=comments.group(statement.lineno),
        line=statement.lineno,
    )
    return _checked(parameter, statement)


def _checked(parameter: Parameter, statement: ast.stmt) -> Parameter:
    """The parameter with its default as its type holds it (``1`` of a float is ``1.0``)."""
    from pydantic import PydanticSchemaGenerationError
    from pydantic_core import SchemaError

    try:
        parameter.adapter  # noqa: B018 - a wrong pattern or bound shows here
    except (SchemaError, PydanticSchemaGenerationError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise NotAllowed(statement, f"the annotation of {parameter.name!r} is not usable: {reason}") from None
    if parameter.required:
        return parameter
    default, problem = check_value(parameter, parameter.default)
    if problem:
        raise NotAllowed(statement, f"the default of {parameter.name!r} {problem.message}")
    return replace(parameter, default=default)


def _check_name(statement: ast.stmt, name: str) -> None:
    if name.startswith("_") or keyword.issoftkeyword(name):
        raise NotAllowed(statement, f"{name!r} cannot name a parameter; begin with a letter")
    if name in RESERVED_NAMES:
        raise NotAllowed(statement, f"{name!r} cannot name a parameter; annotations use that name")


def _inferred(value: ast.expr) -> Any:
    """The type of a parameter without annotation, from its default."""
    default = literal(value)
    if type(default) in (str, int, float, bool):
        return type(default)
    if isinstance(default, list):
        kinds = {type(item) for item in default}
        if kinds == {int, float}:
            return list[float]
        if len(kinds) == 1 and kinds <= {str, int, float, bool}:
            return list[kinds.pop()]  # type: ignore[misc]
    raise NotAllowed(value, f"the type of {ast.unparse(value)[:80]!r} cannot be told; write an annotation: {ALLOWED}")


def _refused(problems: list[tuple[int, str]]) -> InvalidInput:
    line, reason = problems[0]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidInput(
        "invalid_parameters_cell",
        f"Line {line} of the parameters cell: {reason}{more}.",
        "Give every parameter one line, name: type = literal; move other code to a cell below.",
        problems=[{"line": line, "message": reason} for line, reason in problems],
    )
