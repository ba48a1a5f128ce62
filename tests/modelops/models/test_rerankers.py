"""Cross-encoders are told from embedding and language models, and probed as what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file
from tiny_embedder import write_tiny_cross_encoder

from modelops.errors import InvalidInput
from modelops.models import add_model, inspect_model
from modelops.models.reranker_probe import ANSWERED, probe_reranker
from modelops.models.rerankers import load_cross_encoder
from modelops.registry import Registry


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder that knows what answers the probe's questions; not to be written to."""
    folder = tmp_path_factory.mktemp("cross-encoder") / "learned"
    write_tiny_cross_encoder(folder, learned=True)
    return folder


def test_it_is_probed_by_questions_and_registered(learned: Path, registry: Registry) -> None:
    artifact = add_model(str(learned), name="cross", registry=registry)

    assert artifact.metadata["architecture"] == "BertForSequenceClassification"
    assert float(artifact.metadata["probe"]["matched"]) == 1
    assert "embedding" not in artifact.metadata


def test_as_sentence_transformers_saves_it_it_is_no_embedding_model(learned: Path, tmp_path: Path) -> None:
    load_cross_encoder(learned, "learned").save_pretrained(str(tmp_path / "saved"), create_model_card=False)

    assert (tmp_path / "saved" / "modules.json").is_file()
    assert inspect_model(tmp_path / "saved").embedding is None
    assert probe_reranker(tmp_path / "saved").matched == 1


def test_one_that_has_learned_nothing_is_refused(tmp_path: Path) -> None:
    write_tiny_cross_encoder(tmp_path / "random")

    with pytest.raises(InvalidInput) as refused:
        probe_reranker(tmp_path / "random")
    assert refused.value.code == "implausible_model"
    assert float(refused.value.details["matched"]) < 0.75


def test_one_without_its_head_is_refused(learned: Path, tmp_path: Path) -> None:
    folder = tmp_path / "headless"
    folder.mkdir()
    for file in learned.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    weights = load_file(folder / "model.safetensors")
    del weights["classifier.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})

    with pytest.raises(InvalidInput) as refused:
        probe_reranker(folder)
    assert refused.value.code == "incomplete_weights"


def test_the_questions_are_answered_by_one_passage_each() -> None:
    assert len({passage for _, passage in ANSWERED}) == len(ANSWERED) == 8
