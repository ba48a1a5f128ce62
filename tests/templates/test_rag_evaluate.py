"""The template that evaluates an index, executed with the tiny embedding model and a scripted endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import papermill
import pytest
from scripted_endpoint import ScriptedEndpoint
from tiny_embedder import tiny_embedder_folder

from modelops.rag.chunking import ChunkSettings, chunks_of
from modelops.rag.documents import Document
from modelops.rag.embedding import open_embedder
from modelops.rag.index import build_index
from modelops.registry import Artifact, Build, Dependency, Registry

__all__ = ["tiny_embedder_folder"]

Execute = Callable[..., list[dict[str, Any]]]

_BUILD = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))
_WORDS = ["bread", "river", "source", "light", "water", "kernel", "notebook", "panels"]


def _document(number: int, word: str, about: str) -> Document:
    text = (
        f"# About {about} and {word} things\n\n"
        + f"The {word} of page {number} turns light into electricity and finds its way. " * 3
    )
    return Document(f"{word}.md", f"sha256:{word}", "text/markdown", text)


@pytest.fixture
def index(registry: Registry, tiny_embedder_folder: Path, tmp_path: Path) -> Artifact:
    facts = {"embedding": {"max_tokens": 64}}
    registry.register(tiny_embedder_folder, name="tiny-embedder", kind="model", metadata=facts, build=_BUILD)
    for name, about, words in (("docs", "all", _WORDS), ("others", "no", ["yeast", "flour", "bright"])):
        embedder = open_embedder("tiny-embedder")
        settings = ChunkSettings(embedder.count, "auto", 64, 0)
        documents = [_document(number, word, about) for number, word in enumerate(words)]
        rows = [(document, chunks_of(document, settings)) for document in documents]
        build_index(rows, embedder, tmp_path / name, chunker=settings.as_json())
        metadata = {"embedder": embedder.name, "embedder_digest": embedder.digest}
        registry.register(tmp_path / name, name=name, kind="index", metadata=metadata, build=_BUILD)
    return registry.get("docs")


def _made(events: list[dict[str, Any]]) -> tuple[dict[str, Any], Path]:
    [made] = [event for event in events if event["type"] == "artifact"]
    assert made["kind"] == "evaluation"
    return made["metadata"], Path(made["folder"])


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_configurations_are_compared_on_questions_that_a_rule_made(execute: Execute, index: Artifact) -> None:
    events = execute("rag-evaluate", index=index.ref, k=3, chunk_sizes=[24, 48], overlaps=[0], evaluation_name="found")

    metadata, folder = _made(events)
    assert (metadata["index"], metadata["index_digest"]) == (index.ref, index.digest)
    assert (metadata["configurations"], metadata["questions"], metadata["made_by"]) == (8, 8, ["headings"])
    document = json.loads((folder / "evaluation.json").read_text())
    methods = ("dense", "bm25", "hybrid ranks", "hybrid 0.3")
    names = {row["name"] for row in document["configurations"]}
    assert names == {f"{method} · {size}/0" for method in methods for size in (24, 48)}
    values = [row["measures"]["ndcg@3"]["value"] for row in document["configurations"]]
    assert values == sorted(values, reverse=True)
    assert len(document["comparisons"]) == 28
    assert metadata["ndcg@3"] == values[0]
    results = _lines(folder / "results.jsonl")
    assert len(results) == 8 * 8
    mean = sum(row["ndcg@3"] for row in results if row["configuration"] == metadata["leader"]) / 8
    assert mean == pytest.approx(values[0])
    assert (folder / "plot.png").stat().st_size > 1000
    assert metadata["verdict"] in (folder / "README.md").read_text()
    statement = json.loads((folder / "test-result.json").read_text())
    assert statement["subject"][0]["digest"]["sha256"] == index.digest
    assert {event["ref"] for event in events if event["type"] == "input"} == {index.ref, "tiny-embedder@1"}
    [metrics] = [event["values"] for event in events if event["type"] == "metric"]
    assert metrics["ndcg@3"] == values[0]
    # Its questions can be asked again.
    again = execute("rag-evaluate", index=index.ref, k=3, questions=str(folder / "questions.jsonl"), methods=["bm25"])
    assert _made(again)[0]["questions"] == 8


@pytest.mark.full
def test_given_questions_that_are_wrong_end_the_run_with_the_line(
    execute: Execute, index: Artifact, tmp_path: Path
) -> None:
    (tmp_path / "asked.jsonl").write_text('{"question": "Which?", "source": "bread.md"}\n{"question": "?"}\n')
    with pytest.raises(papermill.PapermillExecutionError, match="line 2: it does not say where its answer stands"):
        execute("rag-evaluate", index=index.ref, questions=str(tmp_path / "asked.jsonl"))


@pytest.fixture
def endpoint(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedEndpoint]:
    """Writes the same to everybody: a question, an answer with a citation, and a verdict."""
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "model.gguf").write_bytes(b"GGUF")
    served = registry.register(tmp_path / "chat", name="chat", kind="model", metadata={}, build=_BUILD)
    scripted = ScriptedEndpoint(["Yes", ", where does it find ", "its way to [1]?"])
    scripted.record |= {"ref": served.ref, "model": served.ref, "digest": served.digest, "adapters": []}
    monkeypatch.setenv("MODELOPS_URL", scripted.url)
    yield scripted
    scripted.close()


def test_an_endpoint_writes_questions_answers_and_says_what_it_thinks_of_them(
    execute: Execute, index: Artifact, endpoint: ScriptedEndpoint
) -> None:
    given = {"writer": "scripted", "endpoint": "scripted", "judge": "scripted", "absent": "others", "answers": 6}
    events = execute("rag-evaluate", index=index.ref, k=3, passages=2, methods=["bm25"], count=8, **given)

    metadata, folder = _made(events)
    assert metadata["made_by"] == ["chat@1", "headings"]
    questions = _lines(folder / "questions.jsonl")
    assert [row["answerable"] for row in questions].count(False) >= 2
    assert {row["question"] for row in questions if row["answerable"]} == {"Yes, where does it find its way to [1]?"}
    answers = _lines(folder / "answers.jsonl")
    assert len(answers) == 6
    answered = [row for row in answers if not row["answer"]["refused"]]
    assert answered
    assert all(row["judged_supported"] is True for row in answered)
    assert metadata["judged_supported"] == 1.0
    assert metadata["intervals"]["refused_wrongly"]
    assert {"endpoint", "judge", "writer", "index"} <= set(json.loads((folder / "evaluation.json").read_text()))
    asked = [request["messages"][-1]["content"] for request in endpoint.asked]
    assert sum("Write one question" in text for text in asked) == 8
    assert sum("yes or no:" in text for text in asked) == len(answered)
