"""An index is the same bytes for the same input, whole or not there, and costs no vector twice."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from rag_index import TEXTS, cut, cut_all, embedder, make_index, one_thread
from tiny_embedder import tiny_embedder_folder

from modelops.errors import Conflict, InvalidInput
from modelops.files import regular_files
from modelops.models.pickles import is_pickle
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document, Skipped
from modelops.rag.embedding import LocalEmbedder, OnProgress, Vectors
from modelops.rag.index import Index, build_index, open_index

__all__ = ["embedder", "make_index", "one_thread", "tiny_embedder_folder"]


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in regular_files(folder)}


def made_up(count: int, seed: int = 0) -> dict[str, str]:
    """Documents of a few paragraphs of different lengths."""
    chance = random.Random(seed)
    words = sorted({*" ".join(TEXTS.values()).lower().replace(".", "").split()})
    texts = {}
    for number in range(count):
        paragraphs = [" ".join(chance.choices(words, k=chance.randint(2, 50))) for _ in range(3)]
        texts[f"document-{number:03}.txt"] = "\n\n".join(paragraphs)
    return texts


def test_it_holds_what_was_given(make_index: Callable[..., Index], embedder: LocalEmbedder) -> None:
    document, chunks = cut("a.md", "One two.\n\nThree.", title="A", page_starts=(0, 10), headings=("Top", "Below"))
    other, none = cut("b.md", "", title="")
    index = make_index([(other, none), (document, chunks)])
    assert index.documents == [document, other]
    assert index.chunks == chunks
    assert index.record.counts.model_dump() == {"documents": 2, "chunks": 2, "characters": 16, "words": 3}
    assert index.record.embedder.ref == "tiny@1"
    assert index.record.chunker == {"by": "paragraph"}
    assert np.array_equal(index.vectors, embedder.embed_documents(["One two.", "Three."]))


def test_the_same_input_in_another_order_and_process_makes_the_same_bytes(
    embedder: LocalEmbedder, tmp_path: Path, tiny_embedder_folder: Path
) -> None:
    rows = cut_all(made_up(20))
    skipped = [Skipped("y.pdf", "encrypted", "It has a password."), Skipped("x.pdf", "damaged", "It is cut off.")]
    build_index(rows, embedder, tmp_path / "one", chunker={}, skipped=skipped)
    build_index(rows[::-1], embedder, tmp_path / "other", chunker={}, skipped=skipped[::-1])
    assert digests(tmp_path / "one") == digests(tmp_path / "other")
    for seed in "12":  # of the order of sets
        build = building(tiny_embedder_folder, tmp_path / f"seed-{seed}", tmp_path / f"kept-{seed}", 20, seed=seed)
        assert build.wait(120) == 0
    assert digests(tmp_path / "seed-1") == digests(tmp_path / "seed-2")


def test_its_files_are_standard_and_no_pickles(make_index: Callable[..., Index], tmp_path: Path) -> None:
    make_index()
    names = [name for name, _ in regular_files(tmp_path / "index")]
    assert {"index.json", "documents.parquet", "chunks.parquet", "vectors.npy"} < set(names)
    assert {name.partition("/")[0] for name in names if "/" in name} == {"bm25"}
    for name, path in regular_files(tmp_path / "index"):
        assert not is_pickle(path)
        if name.endswith(".npy"):
            np.load(path, allow_pickle=False)


def test_what_did_not_change_is_taken_over_from_the_index_before(embedder: LocalEmbedder, tmp_path: Path) -> None:
    texts = made_up(100)
    build_index(cut_all(texts), embedder, tmp_path / "first", chunker={})
    texts["document-007.txt"] = "Bread is baked.\n\n" + texts["document-007.txt"]
    del texts["document-050.txt"]
    previous = open_index(tmp_path / "first", embedder)
    report = build_index(cut_all(texts), embedder, tmp_path / "second", chunker={}, previous=previous)
    assert (report.computed, report.taken_over) == (1, 297)
    build_index(cut_all(texts), embedder, tmp_path / "anew", chunker={})
    assert digests(tmp_path / "second") == digests(tmp_path / "anew")


def test_nothing_is_taken_over_from_an_index_of_another_embedder(embedder: LocalEmbedder, tmp_path: Path) -> None:
    build_index(cut_all(TEXTS), embedder, tmp_path / "first", chunker={})
    other = LocalEmbedder.__new__(LocalEmbedder)
    other.__dict__.update(embedder.__dict__, digest="9" * 64, name="other@1")
    report = build_index(
        cut_all(TEXTS), other, tmp_path / "second", chunker={}, previous=open_index(tmp_path / "first")
    )
    assert (report.computed, report.taken_over) == (8, 0)


_BUILD = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
sys.path.insert(0, {here!r})
import torch
torch.set_num_threads(1)
from rag_index import cut_all
from test_building import made_up
from modelops.models import inspect_embedder, load_embedder
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import build_index
folder, target, kept, count = sys.argv[1:]
embedder = LocalEmbedder(load_embedder(folder), inspect_embedder(Path(folder)), name="tiny@1", digest="1" * 64)
report = build_index(cut_all(made_up(int(count))), embedder, Path(target), chunker={{}}, checkpoints=Path(kept))
print(report.computed, report.taken_over, report.repeated)
"""


def building(folder: Path, target: Path, kept: Path, count: int, seed: str = "0") -> subprocess.Popen[str]:
    """A process that builds an index."""
    script = _BUILD.format(tests=str(Path(__file__).parents[3]), here=str(Path(__file__).parent))
    arguments = [str(folder), str(target), str(kept), str(count)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )


@pytest.mark.parametrize(
    "after", [pytest.param(1, marks=pytest.mark.full), 500, pytest.param(1000, marks=pytest.mark.full)]
)
def test_a_process_that_is_killed_goes_on_where_it_was_and_makes_the_same_index(
    embedder: LocalEmbedder, tiny_embedder_folder: Path, tmp_path: Path, after: int
) -> None:
    """It is killed once so many vectors are kept; the next one computes the rest, in other batches."""
    target, kept, count = tmp_path / "index", tmp_path / "kept", 400
    build = building(tiny_embedder_folder, target, kept, count)
    record = 32 + 4 * 32 + 4
    deadline = time.monotonic() + 120
    while sum(file.stat().st_size for file in kept.glob("vectors-*")) // record < after:
        assert build.poll() is None, "it was too quick to be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)
    build.send_signal(signal.SIGKILL)
    build.wait(60)
    assert not target.exists()
    again = building(tiny_embedder_folder, target, kept, count)
    said, _ = again.communicate(timeout=120)
    computed, taken_over, repeated = map(int, said.split())
    assert taken_over >= after
    assert computed + taken_over + repeated == 3 * count
    build_index(cut_all(made_up(count)), embedder, tmp_path / "undisturbed", chunker={})
    assert digests(target) == digests(tmp_path / "undisturbed")


class Failing:
    """An embedder that breaks off."""

    name, digest, dimension, max_tokens = "failing@1", "f" * 64, 32, 64

    def count(self, text: str) -> int:
        return 1

    def embed_documents(self, texts: Sequence[str], on_progress: OnProgress | None = None) -> Vectors:
        raise OSError("the network is gone")

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self.embed_documents(texts)


def test_nothing_is_left_of_a_build_that_fails(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="network"):
        build_index(cut_all(TEXTS), Failing(), tmp_path / "index", chunker={})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        ([], "no_documents"),
        ([cut("a.md", "")], "no_documents"),
        ([cut("a.md", "One."), cut("a.md", "Two.")], "duplicate_source"),
        ([(cut("a.md", "One.")[0], [Chunk("a.md", 0, 4, "Two.")])], "chunk_not_in_document"),
        ([(cut("a.md", "One.")[0], [Chunk("b.md", 0, 4, "One.")])], "chunk_not_in_document"),
        ([(cut("a.md", "One.")[0], [Chunk("a.md", 2, 2, "")])], "chunk_not_in_document"),
        ([cut("a.md", "!!!")], "no_words"),
    ],
)
def test_what_cannot_be_an_index_is_refused(
    documents: list[tuple[Document, list[Chunk]]], code: str, embedder: LocalEmbedder, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput) as refused:
        build_index(documents, embedder, tmp_path / "index", chunker={})
    assert refused.value.code == code
    assert not list(tmp_path.iterdir())


def test_what_lies_there_is_not_overwritten(embedder: LocalEmbedder, tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    build_index(cut_all(TEXTS), embedder, tmp_path / "index", chunker={})
    before = digests(tmp_path / "index")
    with pytest.raises(Conflict) as refused:
        build_index(cut_all({"a.md": "One."}), embedder, tmp_path / "index", chunker={})
    assert refused.value.code == "target_not_empty"
    assert digests(tmp_path / "index") == before
