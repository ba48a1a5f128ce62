"""Annotations of a parameters cell, evaluated from their syntax tree: a small closed set and nothing else."""

from __future__ import annotations

import ast
import math
from types import NoneType
from typing import Annotated, Any, Literal, Optional, get_args, get_origin

from modelops.templates.references import REFERENCE_TYPES, ReferenceKind, ReferenceName

SCALARS: dict[str, Any] = {"str": str, "int": int, "float": float, "bool": bool}
ALLOWED = "str, int, float, bool, list[T], Literal[...], Annotated[T, Field(...)], T | None, " + ", ".join(
    REFERENCE_TYPES
)
RESERVED_NAMES = frozenset({*SCALARS, *REFERENCE_TYPES, "list", "Literal", "Annotated", "Optional", "Field"})

_MODULES = ("typing.", "typing_extensions.", "pydantic.", "modelops.templates.")
_BOUNDS = frozenset({"ge", "gt", "le", "lt", "multiple_of"})
_LENGTHS = frozenset({"min_length", "max_length"})
_WORDS = frozenset({"title", "description"})


class NotAllowed(Exception):
    """An annotation or a value outside of the closed set; ``node`` says where it stands."""

    def __init__(self, node: ast.AST, reason: str) -> None:
        super().__init__(reason)
        self.node = node
        self.reason = reason


def evaluate(node: ast.expr) -> Any:
    """The type that an annotation means; raises ``NotAllowed`` if it is not in the closed set. Nothing is executed."""
    match node:
        case ast.Name() | ast.Attribute() if (name := _name(node)) in SCALARS:
            return SCALARS[name]
        case ast.Name() | ast.Attribute() if (name := _name(node)) in REFERENCE_TYPES:
            return REFERENCE_TYPES[name]
        case ast.Name(id="list"):
            raise NotAllowed(node, "'list' must say of what, such as list[str]")
        case ast.Subscript(value=value, slice=inner) if (name := _name(value)) in {"list", "List"}:
            return list[_list_item(inner)]  # type: ignore[misc]
        case ast.Subscript(value=value, slice=inner) if _name(value) == "Literal":
            return _literal(inner)
        case ast.Subscript(value=value, slice=inner) if _name(value) == "Optional":
            return Optional[evaluate(inner)]  # noqa: UP045 - the type is computed
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[inner, *metadata])) if _name(value) == "Annotated":
            return _annotated(inner, metadata)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _optional(node, left, right)
    raise NotAllowed(node, f"the annotation {ast.unparse(node)[:80]!r} is not one of {ALLOWED}")


def reference_of(annotation: Any) -> ReferenceName | None:
    """Which kind of reference a parameter of this type holds, if any."""
    for part in _parts(annotation):
        if isinstance(part, ReferenceKind):
            return part.name
    return None


def base_of(annotation: Any) -> Any:
    """The type without ``| None`` and ``Annotated``: a scalar, ``list[T]`` or a ``Literal``."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = annotation.__origin__
        elif is_optional(annotation) and get_origin(annotation) is not Literal:
            annotation = next(part for part in get_args(annotation) if part is not NoneType)
        else:
            return annotation


def is_optional(annotation: Any) -> bool:
    """Whether ``None`` is a value of this type."""
    if get_origin(annotation) is Annotated:
        return is_optional(annotation.__origin__)
    return any(part in (None, NoneType) for part in get_args(annotation))


def _parts(annotation: Any) -> list[Any]:
    # get_args() of Annotated gives the type, then its metadata.
    if get_origin(annotation) is Literal:
        return []
    return [annotation, *(part for argument in get_args(annotation) for part in _parts(argument))]


def _name(node: ast.expr) -> str:
    name = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    for module in _MODULES:
        name = name.removeprefix(module)
    return name


def _list_item(node: ast.expr) -> Any:
    item = evaluate(node)
    if reference_of(item) not in (None, "File"):
        raise NotAllowed(node, "a list of artifacts or secrets is not supported; declare one parameter for each")
    return item


def _literal(node: ast.expr) -> Any:
    choices = tuple(literal(element) for element in (node.elts if isinstance(node, ast.Tuple) else [node]))
    if not choices or not all(choice is None or isinstance(choice, str | int) for choice in choices):
        raise NotAllowed(node, "Literal[...] takes text, whole numbers, True, False and None")
    if len({str(choice) for choice in choices}) != len(choices):
        raise NotAllowed(node, "Literal[...] names two choices that read the same")
    return Literal[choices]


def _optional(node: ast.expr, left: ast.expr, right: ast.expr) -> Any:
    sides = [side for side in (left, right) if not (isinstance(side, ast.Constant) and side.value is None)]
    if len(sides) != 1:
        raise NotAllowed(node, f"{ast.unparse(node)[:80]!r} mixes types; a parameter has one type, or that type | None")
    return Optional[evaluate(sides[0])]  # noqa: UP045 - the type is computed


def _annotated(inner: ast.expr, metadata: list[ast.expr]) -> Any:
    annotation = evaluate(inner)
    for node in metadata:
        annotation = Annotated[annotation, _field(node, annotation)]
    return annotation


def _field(node: ast.expr, annotation: Any) -> Any:
    if not (isinstance(node, ast.Call) and _name(node.func) == "Field"):
        raise NotAllowed(node, f"{ast.unparse(node)[:80]!r} is not Field(...), the only thing Annotated may carry")
    if node.args:
        raise NotAllowed(node, "Field(...) takes keywords only; the default stands behind '='")
    allowed = _keywords(annotation)
    values: dict[str, Any] = {}
    for keyword in node.keywords:
        if keyword.arg not in allowed:
            raise NotAllowed(
                keyword.value,
                f"Field({keyword.arg or '**'}=...) does not apply here; allowed: {', '.join(sorted(allowed))}",
            )
        values[keyword.arg] = _constraint(keyword.arg, keyword.value)
    from pydantic import Field

    return Field(**values)


def _keywords(annotation: Any) -> frozenset[str]:
    base = base_of(annotation)
    if reference_of(annotation) or base is bool or get_origin(base) is Literal:
        return _WORDS
    if base is str:
        return _WORDS | _LENGTHS | {"pattern"}
    return _WORDS | (_BOUNDS if base in (int, float) else _LENGTHS)


def _constraint(keyword: str, node: ast.expr) -> Any:
    value = literal(node)
    if keyword in _BOUNDS:
        fits = type(value) in (int, float) and math.isfinite(value)
    elif keyword in _LENGTHS:
        fits = type(value) is int and value >= 0
    else:
        fits = isinstance(value, str)
    if not fits:
        raise NotAllowed(node, f"Field({keyword}={ast.unparse(node)[:80]}) is not usable")
    return value


def literal(node: ast.expr) -> Any:
    """The value of a literal; raises ``NotAllowed`` for an expression, which only execution could evaluate."""
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise NotAllowed(
            node, f"{ast.unparse(node)[:80]!r} is not a literal value; the cell is read, never executed"
        ) from None
