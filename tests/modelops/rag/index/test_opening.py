"""What is opened as an index is one, whole, and of the embedder that searches it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rag_index import embedder, make_index, one_thread
from tiny_embedder import tiny_embedder_folder

from modelops.errors import InvalidInput, ModelOpsError, NonFinite, VerificationError
from modelops.paths import StateHome
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import Index, open_index
from modelops.registry import Artifact, Build, Registry

__all__ = ["embedder", "make_index", "one_thread", "tiny_embedder_folder"]


@pytest.fixture
def folder(make_index: Callable[..., Index], tmp_path: Path) -> Path:
    make_index()
    return tmp_path / "index"


def test_another_embedder_is_refused_by_name_and_digest(folder: Path, embedder: LocalEmbedder) -> None:
    other = LocalEmbedder.__new__(LocalEmbedder)
    other.__dict__.update(embedder.__dict__, digest="9" * 64, name="other@4")
    with pytest.raises(VerificationError) as refused:
        open_index(folder, other)
    assert refused.value.code == "embedder_differs"
    for said in ("tiny@1", "111111111111", "other@4", "999999999999"):
        assert said in refused.value.message


def test_an_artifact_is_opened_by_its_reference(home: StateHome, folder: Path, tiny_model: Artifact) -> None:
    registry = Registry(home)
    registry.register(folder, name="docs", kind="index", metadata={}, build=Build("job", {}, ()))
    assert len(open_index("docs@1").chunks) == 8
    with pytest.raises(InvalidInput) as refused:
        open_index(tiny_model.ref)
    assert refused.value.code == "not_an_index"


def change_record(folder: Path, **changes: Any) -> None:
    file = folder / "index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def rewrite(folder: Path, change: Callable[[Any], Any]) -> None:
    np.save(folder / "vectors.npy", change(np.load(folder / "vectors.npy")))


def with_nan(vectors: Any) -> Any:
    vectors[3, 5] = np.nan
    return vectors


def without_a_row_of_words(folder: Path) -> None:
    file = folder / "bm25" / "params.index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "num_docs": 7}))


def with_words_of_other_chunks(folder: Path) -> None:
    file = folder / "bm25" / "indices.csc.index.npy"
    np.save(file, np.load(file) + 1)


def with_objects_instead_of_numbers(folder: Path) -> None:
    """Reading such a file would run code, were pickles allowed."""
    np.save(folder / "vectors.npy", np.array([{"a": 1}], object), allow_pickle=True)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no record": (lambda folder: (folder / "index.json").unlink(), "not_an_index"),
    "no json": (lambda folder: (folder / "index.json").write_text("{"), "index_format"),
    "another format": (lambda folder: change_record(folder, format=2), "index_format"),
    "unknown field": (lambda folder: change_record(folder, more=1), "index_format"),
    "a number of chunks": (
        lambda folder: change_record(folder, counts={"documents": 4, "chunks": 9, "characters": 1, "words": 1}),
        "index_damaged",
    ),
    "no vectors": (lambda folder: (folder / "vectors.npy").unlink(), "index_damaged"),
    "a vector too few": (lambda folder: rewrite(folder, lambda vectors: vectors[:-1]), "index_damaged"),
    "another type": (lambda folder: rewrite(folder, lambda vectors: vectors.astype("f8")), "index_damaged"),
    "another length": (lambda folder: rewrite(folder, lambda vectors: 2 * vectors), "index_damaged"),
    "nan": (lambda folder: rewrite(folder, with_nan), "non_finite"),
    "objects": (with_objects_instead_of_numbers, "index_damaged"),
    "cut off": (lambda folder: (folder / "documents.parquet").write_bytes(b"PAR1"), "index_damaged"),
    "no chunks": (lambda folder: (folder / "chunks.parquet").unlink(), "index_damaged"),
    "files swapped": (
        lambda folder: shutil.copy(folder / "chunks.parquet", folder / "documents.parquet"),
        "index_damaged",
    ),
    "no words": (lambda folder: shutil.rmtree(folder / "bm25"), "index_damaged"),
    "words of fewer": (without_a_row_of_words, "index_damaged"),
    "words of others": (with_words_of_other_chunks, "index_damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_index_is_refused(folder: Path, damage: str) -> None:
    harm, code = DAMAGES[damage]
    harm(folder)
    with pytest.raises(ModelOpsError) as refused:
        open_index(folder)
    assert refused.value.code == code
    assert isinstance(refused.value, InvalidInput | NonFinite)
