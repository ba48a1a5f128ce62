"""Rerankers come from entry points; ours is a cross-encoder of the registry."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import InvalidInput
from modelops.models import load_tokenizer
from modelops.rag.index import Index
from modelops.rag.retrieval import SearchSettings, load_reranker, reranker_names, search
from modelops.registry import Artifact, Build, Registry

_IMPORTED = Build("import", {}, ())


@pytest.fixture
def cross_encoder(registry: Registry, tiny_cross_encoder_folder: Path) -> Artifact:
    return registry.register(tiny_cross_encoder_folder, name="tiny-cross", kind="model", metadata={}, build=_IMPORTED)


def test_a_cross_encoder_scores_question_and_passage_together(
    cross_encoder: Artifact, tiny_cross_encoder_folder: Path
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification

    passages = ["bread is baked", "the river flows to the sea", "cats"]
    reranker = load_reranker("tiny-cross")
    assert reranker.name == "tiny-cross@1"
    tokenizer = load_tokenizer(tiny_cross_encoder_folder)
    model = AutoModelForSequenceClassification.from_pretrained(tiny_cross_encoder_folder).eval()
    with torch.inference_mode():
        expected = [
            float(torch.sigmoid(model(**tokenizer("what is bread", passage, return_tensors="pt")).logits[0, 0]))
            for passage in passages
        ]
    assert reranker.scores("what is bread", passages) == pytest.approx(expected, abs=1e-5)
    assert reranker.scores("what is bread", []) == []


def test_an_embedding_model_compares_token_by_token(
    registry: Registry, tiny_embedder_folder: Path, make_index: Callable[..., Index]
) -> None:
    import torch
    from sentence_transformers import SentenceTransformer

    registry.register(tiny_embedder_folder, name="mini", kind="model", metadata={}, build=_IMPORTED)
    question, passages = "what is bread", ["bread is baked", "", "the river flows to the sea and cats sleep"]
    reranker = load_reranker("mini")
    model = SentenceTransformer(str(tiny_embedder_folder))

    def tokens(text: str) -> torch.Tensor:
        found = model.encode(text, output_value="token_embeddings")
        return torch.nn.functional.normalize(found.float()[1:-1], dim=-1)

    expected = [
        (tokens(question) @ tokens(text).T).max(dim=1).values.mean().item() if text else 0.0 for text in passages
    ]
    assert reranker.name == "mini@1"
    assert list(reranker.scores(question, passages)) == pytest.approx(expected, abs=1e-5)
    assert load_reranker("late-interaction:mini").scores(question, []) == []
    [best] = search(make_index(), "how is bread baked", SearchSettings(top_k=1), reranker=reranker)
    assert best.chunk.source == "bread.md"


def test_it_reranks_a_search(cross_encoder: Artifact, make_index: Callable[..., Index]) -> None:
    index, reranker = make_index(), load_reranker("cross-encoder:tiny-cross@1")
    hits = search(index, "what is bread", SearchSettings(top_k=8), reranker=reranker)
    scores = reranker.scores("what is bread", [chunk.text for chunk in index.chunks])
    assert [hit.score for hit in hits] == pytest.approx(sorted(scores, reverse=True), abs=1e-5)


def test_what_is_no_reranker_is_refused(tiny_model: Artifact) -> None:
    with pytest.raises(InvalidInput) as refused:
        load_reranker("tiny")
    assert refused.value.code == "not_a_reranker"
    with pytest.raises(InvalidInput) as refused:
        load_reranker("magic:tiny")
    assert refused.value.code == "unknown_reranker"
    assert "cross-encoder" in refused.value.hint


def test_a_package_brings_one_by_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shouting.py").write_text(
        "class Shouting:\n"
        "    def __init__(self, ref):\n"
        "        self.name = ref\n"
        "    def scores(self, question, passages):\n"
        "        return [float(passage.isupper()) for passage in passages]\n"
    )
    information = tmp_path / "shouting-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: shouting\nVersion: 1\n")
    (information / "entry_points.txt").write_text("[modelops.rerankers]\nshouting = shouting:Shouting\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shouting", raising=False)
    assert reranker_names() == ["cross-encoder", "late-interaction", "shouting"]
    reranker = load_reranker("shouting:loudly")
    assert reranker.name == "loudly"
    assert reranker.scores("", ["a", "A"]) == [0, 1]
