"""An endpoint's vectors are those of the model that it serves, and only of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_embedder import tiny_embedder_folder, write_tiny_embedder

from modelops import Client
from modelops.errors import InvalidInput, VerificationError
from modelops.models import add_model
from modelops.rag.embedding import Embedder, open_embedder, open_endpoint_embedder
from modelops.registry import Registry

__all__ = ["tiny_embedder_folder"]

TEXTS = ["bread is baked", "the river flows to the sea", "day " * 100, *(f"number {n}" for n in range(30))]


@pytest.fixture(scope="module")
def client(running_server: Any, tiny_embedder_folder: Path) -> Iterator[Client]:
    """A client of a server that serves the tiny embedding model; this process uses its state home."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELOPS_HOME", str(running_server.home.root))
        add_model(str(tiny_embedder_folder), name="tiny-embedder", registry=Registry(running_server.home))
        with Client(running_server.url, running_server.token) as client:
            started = client.endpoints.start("tiny-embedder", threads=1)
            yield client
            started.remove()


def test_it_gives_the_vectors_that_are_computed_here(client: Client) -> None:
    there, here = open_endpoint_embedder(client.endpoints.get("tiny-embedder")), open_embedder("tiny-embedder")
    assert isinstance(there, Embedder)
    assert (there.name, there.digest) == (here.name, here.digest)
    assert (there.dimension, there.max_tokens) == (here.dimension, here.max_tokens) == (32, 64)
    assert there.count(TEXTS[0]) == here.count(TEXTS[0])
    assert np.abs(there.embed_documents(TEXTS) - here.embed_documents(TEXTS)).max() < 1e-5
    assert np.abs(there.embed_queries(TEXTS) - here.embed_queries(TEXTS)).max() < 1e-5


def test_it_is_compared_with_no_evaluation(client: Client) -> None:
    (parity,) = client.endpoints.get("tiny-embedder").record["parity"]
    assert parity["agrees"] is None
    assert "evaluate it first" not in parity["sentence"]


def test_it_is_pinned_to_the_artifact(client: Client, tmp_path: Path) -> None:
    endpoint = client.endpoints.get("tiny-embedder")
    embedder = open_endpoint_embedder(endpoint)
    write_tiny_embedder(tmp_path / "other", seed=1)
    add_model(str(tmp_path / "other"), name="tiny-embedder", registry=Registry())
    endpoint.remove()
    client.endpoints.start("tiny-embedder@2", name="tiny-embedder", threads=1)
    with pytest.raises(VerificationError) as refused:
        embedder.embed_documents(["bread"])
    assert refused.value.code == "digest_differs"


def test_an_endpoint_that_writes_text_is_refused(client: Client, tiny_model_folder: Path) -> None:
    from modelops.registry import Build

    build = Build("import", {}, ())
    Registry().register(tiny_model_folder, name="tiny-model", kind="model", metadata={}, build=build)
    started = client.endpoints.start("tiny-model", threads=1, context=64, parity="off")
    with pytest.raises(InvalidInput) as refused:
        open_endpoint_embedder(started)
    assert refused.value.code == "not_an_embedder"
    started.remove()
