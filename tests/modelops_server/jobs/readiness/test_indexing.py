"""Whether an index can be made here: documents, and an embedding model that reads whole chunks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, check_readiness

TEMPLATE = load_template(Path(__file__).parents[4] / "templates" / "rag-index.ipynb")

Index = Callable[..., dict[str, Check]]


@pytest.fixture
def index(jobs: Any, registry: Registry, tiny_model_folder: Path) -> Index:
    """Asks for the checks of an index with these parameters, by their names."""
    build = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))
    facts = {"embedding": {"max_tokens": 64}}
    registry.register(tiny_model_folder, name="encoder", kind="model", metadata=facts, build=build)

    def checks(folder: Path | None = None, **parameters: Any) -> dict[str, Check]:
        asked = Asked(TEMPLATE, {"embedder": "encoder", "chunk_size": 64, **parameters}, folder=folder or Path.cwd())
        return {check.name: check for check in check_readiness(asked, jobs.queue).checks}

    return checks


def test_documents_are_counted(index: Index, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("a.md", "b.txt", ".hidden"):
        (folder / name).write_text("text")

    checks = index(documents=[str(folder)], urls=["https://example.org/"])

    assert {check.status for check in checks.values()} == {"ok"}
    said = "Read are 2 files, 1 URLs, not 1 that are hidden, links or no files."
    assert checks["documents"].sentence == said


def test_documents_are_named_from_the_folder_that_the_job_is_started_in(index: Index, tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text("text")

    assert index(documents=["guide.md"], folder=tmp_path)["documents"].status == "ok"
    assert index(documents=["guide.md"])["documents"].status == "blocked"


def test_without_documents_there_is_nothing_to_do(index: Index, tmp_path: Path) -> None:
    for given in ({}, {"documents": [str(tmp_path / "nowhere")]}, {"documents": [str(tmp_path)], "include": ["*.rst"]}):
        assert index(**given)["documents"].status == "blocked"


def test_rows_of_a_dataset_are_documents(index: Index, chats: Artifact) -> None:
    assert index(dataset=chats.ref)["documents"].sentence == f"Read are the rows of {chats.ref}."


def test_chunks_that_are_larger_than_what_is_read_are_refused(index: Index, chats: Artifact) -> None:
    check = index(dataset=chats.ref, chunk_size=65)["chunk_size"]
    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.parameters == {"chunk_size": 64}


def test_a_language_model_makes_no_vectors(index: Index, chats: Artifact, tiny_model: Artifact) -> None:
    check = index(dataset=chats.ref, embedder=tiny_model.ref)["model"]
    assert check.sentence == f"{tiny_model.ref} makes no vectors of texts, which 'Index of documents' needs."


def test_an_endpoint_needs_a_server(
    index: Index, chats: Artifact, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("MODELOPS_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    assert index(dataset=chats.ref, endpoint="encoder")["endpoint"].status == "blocked"
