"""The server against its own OpenAPI document: schemathesis writes the requests, good and bad ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from modelops.registry import Build, Dependency, Registry
from modelops_server.handlers.openapi import document
from modelops_server.handlers.routes import PARTS
from modelops_server.jobs import Queue

from .conftest import WALKED, Api

ADDING = ["addDataset", "addModel", "createEnvironment"]
"""Operations that start processes when a request is good: of these only bad requests are written here."""

TWINS = ["listDatasets", "listModels", "checkReadiness", "readFirstBatch"]
"""Operations that read what another one reads, too: a few requests are enough for these."""

CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.ignored_auth,
]

bounded = settings(
    max_examples=5, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


def schema(mode: str = "all", *, every_boundary: bool = True) -> Any:
    """The document, for requests that are good (``positive``), bad (``negative``) or both (``all``)."""
    config = SchemathesisConfig.from_dict(
        {"generation": {"mode": mode, "deterministic": True}, "phases": {"coverage": {"enabled": every_boundary}}}
    )
    return schemathesis.openapi.from_dict(document(), config=config)


@pytest.fixture(scope="module")
def filled_server(running_server: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A server that has what the examples of the document name: `support-bot@3`, `sft-0tvnekde`, `production`."""
    folder = tmp_path_factory.mktemp("artifact")
    (folder / PARTS["path"].example).write_text("# A card")
    registry = Registry(running_server.home)
    build = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))
    for _ in range(3):
        registry.register(folder, name=PARTS["name"].example, kind="adapter", metadata={}, build=build)
    registry.set_alias(PARTS["name"].example, PARTS["alias"].example, 1)
    job = PARTS["id"].example
    with closing(Queue(running_server.home)) as queue:
        queue.add(job, name="sft", template="sft", executor="local", request_digest="")
        queue.request_cancel(job)
    return running_server


@pytest.fixture
def call(filled_server: Any) -> Callable[[Any], Any]:
    """Sends a request to a server in a process of its own, and holds the answer to the document."""

    def send(case: Any) -> Any:
        WALKED["requests written by schemathesis"] += 1
        return case.call_and_validate(
            base_url=f"{filled_server.url}modelops/api/v1",
            headers={"Authorization": f"token {filled_server.token}"},
            checks=CHECKS,
            timeout=20,
        )

    return send


class TestEveryAnswerFitsTheDocument:
    @schema().exclude(operation_id=ADDING + TWINS).parametrize()
    @bounded
    def test_to_requests_of_every_kind(self, case: Any, call: Any) -> None:
        call(case)

    @schema(every_boundary=False).include(operation_id=TWINS).parametrize()
    @bounded
    def test_to_some_requests_where_others_are_read_alike(self, case: Any, call: Any) -> None:
        call(case)

    @schema("negative").include(operation_id=ADDING).parametrize()
    @bounded
    def test_to_bad_requests_that_would_start_processes(self, case: Any, call: Any) -> None:
        call(case)


class TestTheDocument:
    async def test_is_served_with_the_address_of_this_server(self, api: Api, jp_base_url: str) -> None:
        served = (await api.get("openapi.json")).json

        assert served["servers"] == [{"url": f"{jp_base_url}modelops/api/v1"}]
        assert served["paths"] == document()["paths"]

    def test_is_printed_without_a_server(self) -> None:
        command = [sys.executable, "-W", "error", "-m", "modelops_server.handlers.openapi"]

        assert json.loads(subprocess.run(command, check=True, capture_output=True).stdout) == document()

    def test_names_every_operation_and_shape_once(self) -> None:
        made = document()
        names = [
            item["operationId"] for path in made["paths"].values() for item in path.values() if "operationId" in item
        ]

        assert len(set(names)) == len(names)
        assert {"Job", "JobDetail", "JobState", "Reason", "Problem", "Task", "Lineage"} <= set(
            made["components"]["schemas"]
        )
        assert not [name for name in made["components"]["schemas"] if "-" in name or "__" in name]
