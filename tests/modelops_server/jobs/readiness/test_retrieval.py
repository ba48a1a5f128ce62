"""Whether an index can be evaluated here: its embedding model, the models that are tried, and whom it asks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Build, Dependency, Registry
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, check_readiness

TEMPLATE = load_template(Path(__file__).parents[4] / "templates" / "rag-evaluate.ipynb")

Evaluate = Callable[..., dict[str, Check]]

_BUILD = Build("import", {}, (Dependency("source", "file:test", "0" * 64),))


@pytest.fixture
def evaluate(jobs: Any, registry: Registry, tiny_model_folder: Path, tmp_path: Path) -> Evaluate:
    """Asks for the checks of an evaluation of an index with these parameters, by their names."""
    facts = {"embedding": {"max_tokens": 64}}
    encoder = registry.register(tiny_model_folder, name="encoder", kind="model", metadata=facts, build=_BUILD)
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "index.json").write_text("{}")
    for name, ref, digest in (("docs", encoder.ref, encoder.digest), ("far", "gone@1", "0" * 64)):
        metadata = {"embedder": ref, "embedder_digest": digest}
        registry.register(tmp_path / "index", name=name, kind="index", metadata=metadata, build=_BUILD)

    def checks(**parameters: Any) -> dict[str, Check]:
        asked = Asked(TEMPLATE, {"index": "docs", **parameters})
        return {check.name: check for check in check_readiness(asked, jobs.queue).checks}

    return checks


def test_an_evaluation_that_can_start(evaluate: Evaluate, tmp_path: Path) -> None:
    (tmp_path / "questions.jsonl").touch()
    given = {"embedders": ["encoder"], "rerankers": ["own:anything"], "chunk_sizes": [32, 64]}
    checks = evaluate(questions=str(tmp_path / "questions.jsonl"), **given)
    assert {check.status for check in checks.values()} == {"ok"}
    assert checks["embedder"].sentence == "encoder@1, with which docs@1 was made, is there."


def test_an_index_is_searched_with_its_own_model_only(evaluate: Evaluate) -> None:
    check = evaluate(index="far")["embedder"]
    assert check.status == "blocked"
    assert check.sentence == "far@1 is searched with gone@1, which is not in this registry."


def test_models_that_are_tried_are_there_and_read_whole_chunks(evaluate: Evaluate) -> None:
    assert evaluate(embedders=["nobody"])["models"].status == "blocked"
    assert evaluate(rerankers=["nobody"])["models"].status == "blocked"
    check = evaluate(chunk_sizes=[32, 65])["chunk_sizes"]
    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.parameters == {"chunk_sizes": [32]}


def test_what_is_not_there_is_said(evaluate: Evaluate, tmp_path: Path) -> None:
    assert evaluate(questions=str(tmp_path / "nowhere"))["questions"].status == "blocked"
    for methods in ([], ["sparse"]):
        check = evaluate(methods=methods)["methods"]
        assert check.mend is not None
        assert check.mend.parameters == {"methods": ["dense", "bm25", "hybrid"]}


def test_whom_it_asks_needs_a_server(evaluate: Evaluate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("MODELOPS_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    for name in ("writer", "endpoint", "judge"):
        assert evaluate(**{name: "bot"})["endpoint"].status == "blocked"
    assert "endpoint" not in evaluate()
