"""A template: one notebook, what it says about itself, and the parameters of its form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.names import check_name
from modelops.templates import schema, text, validation
from modelops.templates.notebook import read_notebook
from modelops.templates.parameter import Parameter
from modelops.templates.parameters import parse_parameters

ANY_VALUE = "*"
"""Stands for every value but none, an empty text and an empty list."""


@dataclass(frozen=True)
class Template:
    """A notebook that can be run as a job."""

    name: str
    """The file's name without ``.ipynb``, in the form that names have: ``My Notebook.ipynb`` is ``my-notebook``."""
    path: Path
    title: str
    kind: str
    """What the notebook does, such as ``train`` or ``merge``; ``notebook`` where it does not say."""
    summary: str
    produces: tuple[str, ...]
    """Kinds of the artifacts it makes."""
    accepts: tuple[str, ...] | None
    """In what form its model may be stored (:data:`~modelops.names.ModelForm`); ``None``: in any."""
    requires: tuple[str, ...]
    """Import names of the packages that it needs."""
    environment: str | None
    """Name of the environment that it runs in; ``None`` for the notebook's own kernel."""
    environments: dict[str, dict[str, list[Any]]]
    """By name, the environments that it runs in instead where a parameter has one of these values, ``*`` any at all."""
    resources: dict[str, Any]
    """``cpus``, ``gpus`` and ``memory`` (bytes), as far as it says."""
    resumable: bool
    presets: dict[str, dict[str, Any]]
    """By title, the parameters that are not as the template has them."""
    parameters: tuple[Parameter, ...]
    sha256: str
    """Of the notebook file."""

    def validate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The full set of values, defaults included; raises ``InvalidInput`` with every problem, field by field."""
        return validation.validate(self.parameters, values)

    def environment_for(self, values: Mapping[str, Any]) -> str | None:
        """Name of the environment that it runs in with these values; ``None`` for the notebook's own kernel."""
        for name, conditions in self.environments.items():
            for parameter, choices in conditions.items():
                value = values.get(parameter)
                items = [item for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]
                if any(item in choices for item in items) or (items and ANY_VALUE in choices):
                    return name
        return self.environment

    def parse_text(self, assignments: Mapping[str, str]) -> dict[str, Any]:
        """Typed values for texts from a command line; raises ``InvalidInput`` with every problem, field by field."""
        return text.parse_text(self.parameters, assignments)

    def json_schema(self) -> dict[str, Any]:
        """The JSON Schema (2020-12) of the parameters."""
        return schema.json_schema(self.parameters, self.title, self.summary)

    def as_json(self) -> dict[str, Any]:
        """The template as JSON, with its schema."""
        return {
            "name": self.name,
            "path": str(self.path),
            "title": self.title,
            "kind": self.kind,
            "summary": self.summary,
            "produces": list(self.produces),
            "accepts": None if self.accepts is None else list(self.accepts),
            "requires": list(self.requires),
            "environment": self.environment,
            "environments": self.environments,
            "resources": self.resources,
            "resumable": self.resumable,
            "sha256": self.sha256,
            "presets": self.presets,
            "schema": self.json_schema(),
        }


def load_template(path: str | Path) -> Template:
    """Read a notebook as a template; nothing in it is executed.

    Raises ``NotFound`` or ``InvalidInput``, which name the notebook and, for its parameters cell, the line.
    """
    from modelops.templates.metadata import read_metadata

    notebook = read_notebook(Path(path))
    try:
        metadata = read_metadata(notebook.metadata)
        parameters = parse_parameters(notebook.parameters_source)
        _check_conditions(parameters, metadata.environments)
        presets = {title: _preset(parameters, title, values) for title, values in metadata.presets.items()}
    except InvalidInput as error:
        details = {**error.details, "notebook": str(notebook.path)}
        raise InvalidInput(error.code, f"{notebook.path.name}: {error.message}", error.hint, **details) from error
    return Template(
        name=template_name(notebook.path),
        path=notebook.path,
        title=metadata.title or notebook.heading or notebook.path.stem,
        kind=metadata.kind,
        summary=metadata.summary,
        produces=tuple(metadata.produces),
        accepts=None if metadata.accepts is None else tuple(metadata.accepts),
        requires=tuple(metadata.requires),
        environment=metadata.environment,
        environments=metadata.environments,
        resources=metadata.resources.model_dump(exclude_none=True),
        resumable=metadata.resumable,
        presets=presets,
        parameters=parameters,
        sha256=notebook.sha256,
    )


def _check_conditions(parameters: tuple[Parameter, ...], environments: Mapping[str, Mapping[str, Any]]) -> None:
    names = {parameter.name for parameter in parameters}
    for environment, conditions in environments.items():
        if unknown := sorted(set(conditions) - names):
            raise InvalidInput(
                "invalid_template_metadata",
                f"The environment {environment!r} depends on {', '.join(unknown)}, which is no parameter.",
                "Name parameters of the notebook.",
                problems=[{"field": f"environments.{environment}.{name}", "message": "unknown"} for name in unknown],
            )


def _preset(parameters: tuple[Parameter, ...], title: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a preset as the parameters hold them; required parameters need not be among them."""
    given = tuple(parameter for parameter in parameters if parameter.name in values)
    try:
        return validation.validate(given, values)
    except InvalidInput as error:
        raise InvalidInput(
            "invalid_template_metadata",
            f"The preset {title!r} is not valid: {error.message}",
            "A preset holds values of the notebook's own parameters.",
            problems=[
                {"field": f"presets.{title}.{problem['name']}", "message": problem["message"]}
                for problem in error.details["fields"]
            ],
        ) from error


def template_name(path: Path) -> str:
    """The name of the template in a file: its stem in lower-case letters, digits, ``.``, ``_`` and ``-``."""
    plain = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"\.{2,}", ".", re.sub(r"[^a-z0-9._-]+", "-", plain))[:96].strip("._-")
    try:
        return check_name(name, "template name")
    except InvalidInput:
        return "notebook"
