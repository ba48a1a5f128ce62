"""The route table: every address of the API with its handler, in the order in which they are tried."""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelops_server.handlers.artifact_files import ArtifactFileHandler, AttestationHandler, ExportHandler
from modelops_server.handlers.artifacts import (
    AliasHandler,
    ArtifactComparisonHandler,
    ArtifactHandler,
    ArtifactsHandler,
    LineageHandler,
    VerifyHandler,
)
from modelops_server.handlers.base import ModelOpsHandler, UnknownRouteHandler
from modelops_server.handlers.contract import ContractHandler
from modelops_server.handlers.datasets import DatasetsHandler, InspectDatasetHandler
from modelops_server.handlers.endpoint_keys import EndpointKeyHandler, EndpointKeysHandler
from modelops_server.handlers.endpoints import (
    EndpointAdaptersHandler,
    EndpointHandler,
    EndpointLogHandler,
    EndpointPlanHandler,
    EndpointsHandler,
    RestartEndpointHandler,
    StopEndpointHandler,
)
from modelops_server.handlers.environments import EnvironmentHandler, EnvironmentsHandler
from modelops_server.handlers.health import HealthHandler
from modelops_server.handlers.indexes import DocumentHandler, DocumentsHandler, SearchHandler
from modelops_server.handlers.job_files import LogHandler, NotebookHandler, ReportHandler
from modelops_server.handlers.jobs import CancelHandler, ComparisonHandler, JobHandler, JobsHandler, RetryHandler
from modelops_server.handlers.models import ModelsHandler
from modelops_server.handlers.operation import Operation, operation_of
from modelops_server.handlers.preflight import FirstBatchHandler, PreflightHandler
from modelops_server.handlers.streams import EventsHandler
from modelops_server.handlers.tasks import CancelTaskHandler, TaskHandler, TasksHandler
from modelops_server.handlers.templates import InspectTemplateHandler, TemplateHandler, TemplatesHandler

API = "/modelops/api/v1"

METHODS = ("get", "head", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Part:
    """A variable part of an address: what it may look like in a URL, still encoded, and what it is."""

    pattern: str
    description: str
    example: str


PARTS = {
    "id": Part("[a-z0-9][a-z0-9._-]{0,95}", "Id of a job or a task.", "sft-0tvnekde"),
    "name": Part("[^/]+", "Name of a template, an artifact, an environment or an endpoint.", "support-bot"),
    "key": Part("[^/]+", "What the key's owner calls it.", "colleague"),
    "ref": Part("[^/]+", "An artifact: `name` (its newest version), `name@3` or `name@alias`.", "support-bot@3"),
    "alias": Part("[^/]+", "Another name of one version.", "production"),
    "path": Part(".+", "Path of a file inside the artifact; its slashes stay as they are.", "README.md"),
}


@dataclass(frozen=True)
class Route:
    """An address below :data:`API`, such as ``jobs/{id}``, and who serves it."""

    path: str
    handler: type[ModelOpsHandler]

    @property
    def pattern(self) -> str:
        """The address as tornado matches it."""
        pieces = re.split(r"\{(\w+)\}", self.path)
        named = [f"(?P<{name}>{PARTS[name].pattern})" for name in pieces[1::2]]
        fixed = [re.escape(piece) for piece in pieces[::2]]
        return f"{API}/" + "".join(piece + part for piece, part in zip(fixed, [*named, ""], strict=True))

    def matches(self, address: str) -> bool:
        """Whether an address below the API, as it is in a URL, is this route's."""
        return re.fullmatch(self.pattern, f"{API}/{address}") is not None

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the variable parts."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    def operations(self) -> dict[str, Operation]:
        """What each method that is served does."""
        found = {method: operation_of(self.handler, method) for method in METHODS}
        return {method: declared for method, declared in found.items() if declared is not None}


# Of two patterns that fit an address the first one counts: what is fixed comes before what varies.
ROUTES = (
    Route("health", HealthHandler),
    Route("openapi.json", ContractHandler),
    Route("templates", TemplatesHandler),
    Route("templates/inspect", InspectTemplateHandler),
    Route("templates/{name}", TemplateHandler),
    Route("preflight", PreflightHandler),
    Route("preflight/batch", FirstBatchHandler),
    Route("jobs", JobsHandler),
    Route("jobs/comparison", ComparisonHandler),
    Route("jobs/{id}", JobHandler),
    Route("jobs/{id}/cancel", CancelHandler),
    Route("jobs/{id}/events", EventsHandler),
    Route("jobs/{id}/retry", RetryHandler),
    Route("jobs/{id}/log", LogHandler),
    Route("jobs/{id}/notebook", NotebookHandler),
    Route("jobs/{id}/report", ReportHandler),
    # Not below `artifacts`, where an artifact may have any name.
    Route("artifact-comparison", ArtifactComparisonHandler),
    Route("artifacts", ArtifactsHandler),
    Route("artifacts/{ref}", ArtifactHandler),
    Route("artifacts/{ref}/verify", VerifyHandler),
    Route("artifacts/{ref}/lineage", LineageHandler),
    Route("artifacts/{ref}/attestation", AttestationHandler),
    Route("artifacts/{ref}/export", ExportHandler),
    Route("artifacts/{ref}/files/{path}", ArtifactFileHandler),
    Route("artifacts/{name}/aliases/{alias}", AliasHandler),
    Route("datasets", DatasetsHandler),
    Route("datasets/inspect", InspectDatasetHandler),
    Route("models", ModelsHandler),
    # Not below `endpoints`, where an endpoint may have any name.
    Route("endpoint-plan", EndpointPlanHandler),
    Route("endpoints", EndpointsHandler),
    Route("endpoints/{name}", EndpointHandler),
    Route("endpoints/{name}/stop", StopEndpointHandler),
    Route("endpoints/{name}/restart", RestartEndpointHandler),
    Route("endpoints/{name}/adapters", EndpointAdaptersHandler),
    Route("endpoints/{name}/log", EndpointLogHandler),
    Route("endpoints/{name}/keys", EndpointKeysHandler),
    Route("endpoints/{name}/keys/{key}", EndpointKeyHandler),
    Route("indexes/{ref}/search", SearchHandler),
    Route("indexes/{ref}/documents", DocumentsHandler),
    Route("indexes/{ref}/document", DocumentHandler),
    Route("environments", EnvironmentsHandler),
    Route("environments/{name}", EnvironmentHandler),
    Route("tasks", TasksHandler),
    Route("tasks/{id}", TaskHandler),
    Route("tasks/{id}/cancel", CancelTaskHandler),
)

HANDLERS = [
    *((route.pattern, route.handler) for route in ROUTES),
    # Last, so that also a mistyped address is answered by a problem and not by a page.
    (rf"{API}(?:/.*)?", UnknownRouteHandler),
]
"""The table as tornado takes it."""
