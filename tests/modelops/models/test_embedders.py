"""Embedding models are told from language models, shown for what they are, probed as what they are, and kept whole."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tiny_embedder import module_entries, tiny_embedder_folder

from modelops.errors import InvalidInput
from modelops.models import add_model, inspect_model, load_embedder
from modelops.models.adding import quietly
from modelops.models.embedding_probe import probe_embedder
from modelops.models.packages import fetch_package
from modelops.models.sources import PackageSource
from modelops.registry import Registry

__all__ = ["tiny_embedder_folder"]


@pytest.fixture
def embedder(tiny_embedder_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(tiny_embedder_folder, tmp_path / "embedder"))


def test_it_is_registered_whole_with_what_its_vectors_are(embedder: Path, registry: Registry) -> None:
    artifact = add_model(str(embedder), name="tiny-embedder", registry=registry)
    assert artifact.kind == "model"
    assert artifact.metadata["embedding"] == {
        "dimension": 32,
        "max_tokens": 64,
        "pooling": "mean",
        "normalised": True,
        "document_prompt": None,
        "query_prompt": None,
    }
    assert float(artifact.metadata["probe"]["matched"]) == 1
    with registry.verified_open(artifact.ref) as verified:
        texts = ["the river flows to the sea", "bread"]
        again, before = load_embedder(verified.path).encode(texts), load_embedder(embedder).encode(texts)
        assert np.array_equal(again, before)


def test_a_language_model_has_no_vectors(model: Path) -> None:
    info = inspect_model(model)
    assert info.embedding is None
    assert "embedding" not in info.as_json()
    with pytest.raises(InvalidInput) as refused:
        load_embedder(model)
    assert refused.value.code == "not_an_embedder"


def test_prompts_are_told(embedder: Path) -> None:
    file = embedder / "config_sentence_transformers.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "prompts": {"query": "query: ", "document": ""}}))
    info = inspect_model(embedder).embedding
    assert info is not None
    assert (info.document_prompt, info.query_prompt) == (None, "query: ")


def test_weights_that_load_and_mean_nothing_are_refused(embedder: Path) -> None:
    weights = load_file(embedder / "model.safetensors")
    generator = np.random.default_rng(0)
    weights["embeddings.word_embeddings.weight"] = generator.permutation(weights["embeddings.word_embeddings.weight"])
    save_file(weights, embedder / "model.safetensors")
    with pytest.raises(InvalidInput) as refused:
        probe_embedder(embedder)
    assert refused.value.code == "implausible_model"
    assert float(refused.value.details["matched"]) < 0.75


def test_missing_weights_are_refused_although_sentence_transformers_loads_them(embedder: Path) -> None:
    weights = load_file(embedder / "model.safetensors")
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, embedder / "model.safetensors")
    load_embedder(embedder)
    with pytest.raises(InvalidInput) as refused:
        probe_embedder(embedder)
    assert refused.value.code == "incomplete_weights"


@pytest.mark.parametrize(
    ("kind", "path", "code"),
    [
        ("custom_st.Transformer", "", "remote_code"),
        ("sentence_transformers.models.Pooling", "../1_Pooling", "invalid_path"),
        ("sentence_transformers.models.Dense", "3_Dense", "missing_config"),
    ],
)
def test_modules_that_would_run_or_read_something_else_are_refused(
    embedder: Path, kind: str, path: str, code: str
) -> None:
    entries = [*module_entries(embedder), {"idx": 3, "name": "3", "path": path, "type": kind}]
    (embedder / "modules.json").write_text(json.dumps(entries))
    with pytest.raises(InvalidInput) as refused:
        inspect_model(embedder)
    assert refused.value.code == code


def test_a_module_whose_weights_are_a_pickle_is_refused(embedder: Path) -> None:
    entries = [*module_entries(embedder), {"path": "3_Dense", "type": "sentence_transformers.models.Dense"}]
    (embedder / "modules.json").write_text(json.dumps(entries))
    (embedder / "3_Dense").mkdir()
    (embedder / "3_Dense" / "config.json").write_text('{"in_features": 32, "out_features": 8}')
    with pytest.raises(InvalidInput) as refused:
        inspect_model(embedder)
    assert refused.value.code == "pickle"


def test_one_that_a_wheel_carries_as_a_zip_archive_is_found(
    embedder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for file in embedder.rglob("*.*"):
            if file.is_file():
                archive.write(file, file.relative_to(embedder))
    with zipfile.ZipFile(tmp_path / "tiny_model-1.5-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_model/model.zip", packed.getvalue())
        wheel.writestr("tiny_model-1.5.dist-info/METADATA", "Metadata-Version: 2.4\nName: tiny-model\nVersion: 1.5\n")
        wheel.writestr("tiny_model-1.5.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny_model-1.5.dist-info/RECORD", "")
    for name, value in {"CONFIG_FILE": "/dev/null", "NO_INDEX": "1", "FIND_LINKS": str(tmp_path)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    fetched = fetch_package(PackageSource("tiny-model", None), scratch, quietly)
    assert inspect_model(fetched.weights).embedding == inspect_model(embedder).embedding
