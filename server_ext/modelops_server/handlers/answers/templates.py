"""Answers of ``templates``."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from modelops.names import ModelForm
from modelops_server.handlers.answers.base import Answer, Digest
from modelops_server.handlers.answers.problems import Details


class TemplateResources(Answer):
    """What one attempt needs, as far as the template says."""

    cpus: float | None = None
    gpus: int | None = None
    memory: int | None = None


class ParametersSchema(Answer):
    """The JSON Schema (2020-12) of a template's parameters, from which its form is made."""

    model_config = ConfigDict(extra="allow")

    properties: dict[str, Any]
    required: list[str]
    x_groups: list[str] = Field(alias="x-groups")


class TemplateFacts(Answer):
    """What a notebook says about itself."""

    name: str
    path: str
    title: str
    kind: str
    summary: str
    produces: list[str] = Field(description="Kinds of the artifacts it makes.")
    accepts: list[ModelForm] | None = Field(description="In what form its model may be stored; `null`: in any.")
    requires: list[str] = Field(description="Import names of the packages that it needs.")
    environment: str | None = Field(description="The environment that it runs in; `null`: the notebook's own kernel.")
    environments: dict[str, dict[str, list[bool | int | float | str]]] = Field(
        description="What it runs in instead where a parameter is, or a list holds, one of these values."
    )
    resources: TemplateResources
    resumable: bool
    presets: dict[str, dict[str, Any]] = Field(description="Values of parameters that go together, by their title.")
    sha256: Digest


class Template(TemplateFacts):
    """A notebook that can be run as a job, with the schema of its parameters."""

    schema_: ParametersSchema = Field(alias="schema")


class TemplateEntry(Answer):
    """A notebook in the catalog; one with an `error` cannot be run, and has no more than name and path."""

    name: str
    path: str
    error: Details | None
    shadowed_by: None
    title: str | None = None
    kind: str | None = None
    summary: str | None = None
    produces: list[str] | None = None
    accepts: list[ModelForm] | None = None
    requires: list[str] | None = None
    environment: str | None = None
    environments: dict[str, dict[str, list[bool | int | float | str]]] | None = None
    resources: TemplateResources | None = None
    resumable: bool | None = None
    presets: dict[str, dict[str, Any]] | None = None
    sha256: Digest | None = None


class TemplateList(Answer):
    """The notebooks that have a name of their own, by name."""

    templates: list[TemplateEntry]
