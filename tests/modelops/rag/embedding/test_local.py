"""The embedding model of the registry gives sentence-transformers' vectors, each whatever it is computed beside."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from rag_index import embedder, one_thread
from tiny_embedder import tiny_embedder_folder

from modelops.errors import InvalidInput, NonFinite, VerificationError
from modelops.models import inspect_embedder, load_embedder
from modelops.rag.embedding import Embedder, LocalEmbedder, open_embedder
from modelops.rag.embedding.embedder import of_length_one
from modelops.registry import Artifact, Build, Registry

__all__ = ["embedder", "one_thread", "tiny_embedder_folder"]

_TEXT = "bread is baked with flour water the river flows to sea cats sleep most of day time people"


def texts(count: int, seed: int = 0) -> list[str]:
    chance, words = random.Random(seed), _TEXT.split()
    return [" ".join(chance.choices(words, k=chance.randint(1, 70))) for _ in range(count)]


def test_it_gives_the_vectors_of_sentence_transformers(embedder: LocalEmbedder, tiny_embedder_folder: Path) -> None:
    assert isinstance(embedder, Embedder)
    some = texts(60)
    model = load_embedder(tiny_embedder_folder)
    assert np.abs(embedder.embed_documents(some) - model.encode_document(some)).max() < 1e-5
    assert np.abs(embedder.embed_queries(some) - model.encode_query(some)).max() < 1e-5


def test_a_vector_is_the_same_to_the_last_bit_beside_whatever_it_is_computed(embedder: LocalEmbedder) -> None:
    some = texts(150)
    together = embedder.embed_documents(some)
    for seed in range(3):
        chosen = random.Random(seed).sample(range(len(some)), 40)
        assert np.array_equal(embedder.embed_documents([some[place] for place in chosen]), together[chosen])
    assert np.array_equal(embedder.embed_documents(some[7:8])[0], together[7])


def test_progress_reaches_the_number_of_texts(embedder: LocalEmbedder) -> None:
    told: list[tuple[int, int]] = []
    embedder.embed_documents(texts(50), lambda done, total: told.append((done, total)))
    assert told[-1] == (50, 50)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_tokens_are_counted_with_what_is_put_around_a_text(embedder: LocalEmbedder) -> None:
    assert embedder.count("bread is baked") == 5
    assert embedder.count(" ".join(["bread"] * 500)) == 502
    assert (embedder.max_tokens, embedder.dimension) == (64, 32)


def test_prompts_stand_in_front_of_documents_and_questions(tiny_embedder_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_embedder_folder, tmp_path / "prompted"))
    file = folder / "config_sentence_transformers.json"
    prompts = {"query": "question ", "passage": "page "}
    file.write_text(json.dumps({**json.loads(file.read_text()), "prompts": prompts}))
    plain = load_embedder(tiny_embedder_folder)
    prompted = LocalEmbedder(load_embedder(folder), inspect_embedder(folder), name="prompted@1", digest="2" * 64)
    assert np.abs(prompted.embed_documents(["bread"]) - plain.encode(["page bread"])).max() < 1e-6
    assert np.abs(prompted.embed_queries(["bread"]) - plain.encode(["question bread"])).max() < 1e-6
    assert prompted.count("bread") == 4


def test_no_texts_have_no_vectors(embedder: LocalEmbedder) -> None:
    assert embedder.embed_documents([]).shape == embedder.embed_queries([]).shape == (0, 32)


@pytest.mark.parametrize("row", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_vectors_without_a_length_are_refused(row: list[float]) -> None:
    with pytest.raises(NonFinite):
        of_length_one(np.array([[3.0, 4.0], row], np.float32), "tiny@1")


def test_it_is_opened_from_the_registry_verified(registry: Registry, tiny_embedder_folder: Path) -> None:
    build = Build("import", {}, ())
    artifact = registry.register(tiny_embedder_folder, name="tiny", kind="model", metadata={}, build=build)
    opened = open_embedder("tiny")
    assert (opened.name, opened.digest) == ("tiny@1", artifact.digest)
    weights = next(file for file in artifact.files if file.path == "model.safetensors")
    blob = registry.blobs.path(weights.sha256)
    blob.chmod(0o644)
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.write_bytes(content)
    with pytest.raises(VerificationError):
        open_embedder("tiny")


def test_a_language_model_is_refused(tiny_model: Artifact) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_embedder("tiny")
    assert refused.value.code == "not_an_embedder"
