"""The template that makes an index, executed with the tiny embedding model."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import papermill
import pytest
from tiny_embedder import tiny_embedder_folder

from modelops.files import regular_files
from modelops.rag.embedding import open_embedder
from modelops.rag.index import open_index
from modelops.rag.retrieval import SearchSettings, search
from modelops.registry import Artifact, Build, Dependency, Registry
from modelops.templates import find_template
from modelops_server.jobs import submit

__all__ = ["tiny_embedder_folder"]

Execute = Callable[..., list[dict[str, Any]]]

_BUILD = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))
_CUT = {"chunk_size": 32, "overlap": 4}


@pytest.fixture
def embedder(registry: Registry, tiny_embedder_folder: Path) -> Artifact:
    facts = {"embedding": {"max_tokens": 64}}
    return registry.register(tiny_embedder_folder, name="tiny-embedder", kind="model", metadata=facts, build=_BUILD)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(6):
        text = f"# Topic {number}\n\nPage {number} is about bread, and about the river of word {number}.\n"
        (folder / f"topic-{number}.md").write_text(text * (number + 1))
    (folder / "sub").mkdir()
    (folder / "sub" / "read.py").write_text("def kernel():\n    return 'the cells of a notebook'\n")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (folder / "empty.txt").touch()
    return folder


def _made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], Path]:
    [made] = [event for event in events if event["type"] == "artifact"]
    return made["metadata"], Path(made["folder"])


def _digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in regular_files(folder)}


def test_documents_become_an_index_that_finds_them(execute: Execute, embedder: Artifact, documents: Path) -> None:
    events = execute("rag-index", documents=[str(documents)], embedder=embedder.ref, index_name="docs", **_CUT)

    metadata, folder = _made(events)
    assert (metadata["documents"], metadata["skipped"]) == (7, {"broken": 1, "empty": 1})
    assert metadata["embedder_digest"] == embedder.digest
    assert metadata["found_itself"] >= 0.5
    index = open_index(folder, open_embedder(embedder.ref))
    assert {document.source for document in index.documents} >= {"topic-0.md", "sub/read.py"}
    assert {one.source: one.code for one in index.record.skipped} == {"broken.pdf": "broken", "empty.txt": "empty"}
    [best] = search(index, "cells of a notebook", SearchSettings(top_k=1, method="bm25"))
    assert best.chunk.source == "sub/read.py"
    assert {event["ref"] for event in events if event["type"] == "input"} == {embedder.ref}
    notes = [event["text"] for event in events if event["type"] == "note"]
    assert any(note.startswith("Skipped broken.pdf: ") for note in notes)


def test_what_has_not_changed_is_taken_over_and_the_rest_is_as_if_made_anew(
    execute: Execute, registry: Registry, embedder: Artifact, documents: Path, tmp_path: Path
) -> None:
    given = {"documents": [str(documents)], "embedder": embedder.ref, **_CUT}
    _, folder = _made(execute("rag-index", index_name="docs", **given))
    first = registry.register(folder, name="docs", kind="index", metadata={}, build=_BUILD)
    (documents / "topic-2.md").write_text("# Another\n\nSolar panels turn light into electricity.\n")

    events = execute("rag-index", index_name="docs", **given)
    metadata, folder = _made(events)
    again = _digests(folder)
    assert (metadata["unchanged_documents"], metadata["embedded"]) == (6, 1)
    assert first.ref in {event["ref"] for event in events if event["type"] == "input"}

    metadata, folder = _made(execute("rag-index", index_name="others", **given))
    assert (metadata["unchanged_documents"], metadata["taken_over"]) == (0, 0)
    assert _digests(folder) == again


@pytest.mark.full
def test_another_index_is_named_from_which_vectors_are_taken_over(
    execute: Execute, registry: Registry, embedder: Artifact, documents: Path
) -> None:
    given = {"documents": [str(documents)], "embedder": embedder.ref, **_CUT}
    _, folder = _made(execute("rag-index", index_name="docs", **given))
    registry.register(folder, name="docs", kind="index", metadata={}, build=_BUILD)

    metadata, _ = _made(execute("rag-index", index_name="others", previous="docs", **given, strategy="token"))
    assert metadata["unchanged_documents"] == 7


def test_rows_of_a_dataset_are_documents(execute: Execute, embedder: Artifact, chats: Artifact) -> None:
    metadata, folder = _made(execute("rag-index", dataset=chats.ref, embedder=embedder.ref, **_CUT))
    index = open_index(folder, None)
    assert metadata["documents"] == len(index.documents) > 1
    assert index.documents[0].source.startswith(f"{chats.ref}#")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({}, "No documents are named.", marks=pytest.mark.full),
        pytest.param({"documents": ["nowhere"]}, "There is no file or folder 'nowhere'.", marks=pytest.mark.full),
        ({"documents": ["documents/empty.txt"]}, "There is nothing to index: no document has a text."),
        pytest.param(
            {"documents": ["documents"], "chunk_size": 65},
            "The embedding model reads 64 tokens of a text",
            marks=pytest.mark.full,
        ),
    ],
)
def test_what_cannot_become_one_is_refused(
    execute: Execute, embedder: Artifact, documents: Path, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(papermill.PapermillExecutionError) as failure:
        execute("rag-index", embedder=embedder.ref, **{**_CUT, **given})
    assert failure.value.evalue.startswith(said)


@pytest.mark.full
def test_a_job_that_is_killed_and_tried_again_makes_the_same_index(
    jobs: Any, registry: Registry, embedder: Artifact, documents: Path
) -> None:
    for number in range(1000):
        text = " ".join(f"word {chr(97 + number % 26)}{(number * word) % 97} bread" for word in range(1, 9))
        (documents / f"many-{number:03}.txt").write_text(f"{text} {number}.")
    given = {"documents": [str(documents)], "embedder": embedder.ref, **_CUT}
    template = find_template("rag-index", jobs.home)
    killed = submit(jobs.home, template, given | {"index_name": "killed"})
    journals = (killed.folder / "checkpoints").rglob
    jobs.until(lambda: any(path.stat().st_size > 10_000 for path in journals("*") if path.is_file()), 60)
    os.kill(jobs.queue.get(killed.id).attempt.runner.pid, signal.SIGKILL)

    killed = jobs.ended(killed, 120)
    whole = jobs.ended(submit(jobs.home, template, given | {"index_name": "whole"}), 120)

    assert [(job.state, job.epoch) for job in (killed, whole)] == [("succeeded", 2), ("succeeded", 1)]
    one, other = registry.get("killed"), registry.get("whole")
    assert one.files == other.files
    assert one.metadata["taken_over"] > other.metadata["taken_over"] == 0
