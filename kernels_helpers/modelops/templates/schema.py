"""The JSON Schema (2020-12) of a template's parameters, and a type in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from modelops.templates.parameter import Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(parameters: Iterable[Parameter], title: str, description: str) -> dict[str, Any]:
    """The schema of an object with these parameters, in order.

    ``x-group`` is the title of a parameter's group; ``x-reference`` says what kind of artifact it names, or that it
    is the ``name`` of one to be made, or names a ``file`` or a ``secret``.
    """
    parameters = tuple(parameters)
    return {
        "$schema": DIALECT,
        "title": title,
        "description": description,
        "type": "object",
        "properties": {parameter.name: property_schema(parameter) for parameter in parameters},
        "required": [parameter.name for parameter in parameters if parameter.required],
        "additionalProperties": False,
        "x-groups": list(dict.fromkeys(parameter.group for parameter in parameters if parameter.group)),
    }


def property_schema(parameter: Parameter) -> dict[str, Any]:
    """The schema of one parameter."""
    schema: dict[str, Any] = {"title": parameter.name.replace("_", " ").capitalize()}
    if parameter.description:
        schema["description"] = parameter.description
    schema |= parameter.adapter.json_schema()
    if not parameter.required:
        schema["default"] = parameter.default
    if parameter.group:
        schema["x-group"] = parameter.group
    if parameter.reference:
        schema["x-reference"] = parameter.reference.lower()
    return schema


def describe_type(parameter: Parameter) -> str:
    """The type and range in a few words, such as ``whole number from 1 to 1024, or none``."""
    return _in_words(property_schema(parameter))


def _in_words(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return f"{_in_words(schema['anyOf'][0])}, or none"
    if "x-reference" in schema and schema["type"] != "array":
        kind = str(schema["x-reference"])
        return {"secret": "name of a secret", "file": "file or folder"}.get(kind, kind)
    if "enum" in schema or "const" in schema:
        choices = schema.get("enum") or [schema["const"]]
        return " | ".join({None: "none", True: "true", False: "false"}.get(choice, str(choice)) for choice in choices)
    match schema["type"]:
        case "array":
            return f"list of {_in_words(schema['items'])}{_lengths(schema, 'Items', 'items')}"
        case "string":
            pattern = f" like {schema['pattern']}" if "pattern" in schema else ""
            return f"text{_lengths(schema, 'Length', 'characters')}{pattern}"
        case "boolean":
            return "true | false"
        case "integer":
            return f"whole number{_bounds(schema)}"
        case _:
            return f"number{_bounds(schema)}"


def _bounds(schema: dict[str, Any]) -> str:
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    if "minimum" in schema and "maximum" in schema:
        text = f"{schema['minimum']:g} to {schema['maximum']:g}"
    else:
        text = " and ".join(f"{sign} {schema[key]:g}" for key, sign in words.items() if key in schema)
    if "multipleOf" in schema:
        text = f"{text} multiple of {schema['multipleOf']:g}"
    return f" {text.strip()}" if text else ""


def _lengths(schema: dict[str, Any], suffix: str, unit: str) -> str:
    least, most = schema.get(f"min{suffix}"), schema.get(f"max{suffix}")
    if least is None and most is None:
        return ""
    if least is not None and most is not None:
        return f", {least} to {most} {unit}"
    return f", at most {most} {unit}" if least is None else f", at least {least} {unit}"
