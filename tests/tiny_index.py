"""A registered index of a few small documents with its registered embedding model, for the rooms that serve one."""

from __future__ import annotations

from pathlib import Path

from rag_index import TEXTS, cut_all

from modelops.models import inspect_embedder, load_embedder
from modelops.paths import StateHome
from modelops.rag.documents import Skipped
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import build_index
from modelops.registry import Artifact, Build, Registry


def register_embedder(home: StateHome, folder: Path, name: str = "mini", **metadata: object) -> Artifact:
    """Register the tiny embedding model."""
    facts = {"parameter_count": 30_000, "embedding": {"max_tokens": 64}, **metadata}
    return Registry(home).register(folder, name=name, kind="model", metadata=facts, build=Build("import", {}, ()))


def register_index(
    home: StateHome, embedder_folder: Path, name: str = "docs", texts: dict[str, str] | None = None
) -> Artifact:
    """Register an index of some texts, and before it the tiny embedding model where that is not there yet."""
    registry = Registry(home)
    model = next(iter(registry.list(name="mini")), None) or register_embedder(home, embedder_folder)
    info, loaded = inspect_embedder(embedder_folder), load_embedder(embedder_folder)
    embedder = LocalEmbedder(loaded, info, name=model.ref, digest=model.digest)
    folder = home.root.parent / f"to-register-{name}-{len(registry.list(name=name))}"
    skipped = [Skipped("scan.pdf", "no_text_layer", "It is a picture.")]
    rows = cut_all(TEXTS if texts is None else texts)
    build_index(rows, embedder, folder, chunker={"by": "paragraph"}, skipped=skipped)
    return registry.register(folder, name=name, kind="index", metadata={}, build=Build("import", {}, ()))
