"""Templates: a notebook's parameters cell read as a schema, without executing it.

A parameters cell imports its reference types from here, so importing this package stays light: the rest is loaded on
first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from modelops.templates.references import Adapter, Dataset, File, Index, Model, Name, Secret

if TYPE_CHECKING:
    from modelops.templates.catalog import Catalog, Entry, find_template, list_templates
    from modelops.templates.parameter import Parameter
    from modelops.templates.schema import describe_type
    from modelops.templates.template import ANY_VALUE, Template, load_template
    from modelops.templates.values_file import read_values

_HOMES = {
    "ANY_VALUE": "template",
    "Catalog": "catalog",
    "Entry": "catalog",
    "Parameter": "parameter",
    "Template": "template",
    "describe_type": "schema",
    "find_template": "catalog",
    "list_templates": "catalog",
    "load_template": "template",
    "read_values": "values_file",
}

__all__ = [
    "ANY_VALUE",
    "Adapter",
    "Catalog",
    "Dataset",
    "Entry",
    "File",
    "Index",
    "Model",
    "Name",
    "Parameter",
    "Secret",
    "Template",
    "describe_type",
    "find_template",
    "list_templates",
    "load_template",
    "read_values",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"modelops.templates.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
