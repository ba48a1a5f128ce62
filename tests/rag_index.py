"""An index of a few small documents, embedded by the tiny model, for the rooms that search one."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_embedder import tiny_embedder_folder

from modelops.models import inspect_embedder, load_embedder
from modelops.rag.chunks import Chunk
from modelops.rag.documents import Document
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import Index, build_index, open_index

__all__ = ["embedder", "make_index", "one_thread", "tiny_embedder_folder"]

TEXTS = {
    "cats.md": "Cats sleep most of the day.\n\nA cat finds its way.",
    "bread.md": "Bread is baked with flour and yeast.\n\nTime and water make bread.",
    "solar.txt": "Solar panels turn light into electricity.\n\nThe day is long.",
    "river.txt": "The river flows to the sea.\n\nWater flows down.",
}


def cut(source: str, text: str, **facts: Any) -> tuple[Document, list[Chunk]]:
    """A document, and one chunk for each of its paragraphs."""
    media_type = facts.pop("media_type", "text/markdown" if source.endswith(".md") else "text/plain")
    headings = facts.pop("headings", ())
    chunks = [
        Chunk(source, found.start(), found.end(), found.group(), headings=headings)
        for found in re.finditer(r"[^\n]+", text)
    ]
    return Document(source, f"sha256:{source}", media_type, text, **facts), chunks


def cut_all(texts: dict[str, str]) -> list[tuple[Document, list[Chunk]]]:
    """Documents of these texts with their chunks."""
    return [cut(source, text) for source, text in texts.items()]


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    """So small a model is slower with two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def embedder(tiny_embedder_folder: Path) -> LocalEmbedder:
    """The tiny model as an embedder."""
    info, model = inspect_embedder(tiny_embedder_folder), load_embedder(tiny_embedder_folder)
    return LocalEmbedder(model, info, name="tiny@1", digest="1" * 64)


@pytest.fixture
def make_index(embedder: LocalEmbedder, tmp_path: Path) -> Callable[..., Index]:
    """Builds an index of documents, by default the small ones, and opens it with the tiny embedder."""

    def make(documents: Sequence[tuple[Document, list[Chunk]]] | None = None, name: str = "index") -> Index:
        rows = cut_all(TEXTS) if documents is None else documents
        build_index(rows, embedder, tmp_path / name, chunker={"by": "paragraph"})
        return open_index(tmp_path / name, embedder)

    return make
