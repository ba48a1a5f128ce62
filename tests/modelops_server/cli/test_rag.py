"""``modelops rag`` as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rag_hits import hit
from rag_index import TEXTS, cut_all, embedder, one_thread
from tiny_embedder import tiny_embedder_folder
from tiny_endpoint import EndpointBench, register_gguf, served
from tiny_gguf import tiny_gguf, write_gguf

from modelops.models import inspect_embedder, load_embedder
from modelops.paths import StateHome
from modelops.rag.answering import REFUSAL, Answered, cite
from modelops.rag.documents import Skipped
from modelops.rag.embedding import LocalEmbedder
from modelops.rag.index import build_index
from modelops.registry import Artifact, Build, Registry
from modelops_server.cli.rag import _print_sources

__all__ = ["embedder", "one_thread", "served", "tiny_embedder_folder", "tiny_gguf"]

BREAD = "Bread is baked with flour and yeast."
IMPORT = Build("import", {}, ())


@pytest.fixture
def index(home: StateHome, tiny_embedder_folder: Path, tmp_path: Path) -> Artifact:
    """A registered index of the small documents, and the registered model that embedded them."""
    registry = Registry(home)
    model = registry.register(
        tiny_embedder_folder, name="embedder", kind="model", metadata={"embedding": {}}, build=IMPORT
    )
    own = LocalEmbedder(
        load_embedder(tiny_embedder_folder),
        inspect_embedder(tiny_embedder_folder),
        name=model.ref,
        digest=model.digest,
    )
    skipped = [Skipped("scan.pdf", "no_text_layer", "A PDF of pictures.")]
    build_index(cut_all(TEXTS), own, tmp_path / "index", chunker={}, skipped=skipped)
    return registry.register(tmp_path / "index", name="notes", kind="index", metadata={}, build=IMPORT)


@pytest.fixture
def chatting(served: EndpointBench, home: StateHome, tiny_model_folder: Path, tmp_path: Path) -> str:
    """An endpoint of the tiny model with room for a prompt."""
    folder = tmp_path / "wide"
    shutil.copytree(tiny_model_folder, folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "max_position_embeddings": 8192}))
    write_gguf(folder, tmp_path / "wide.gguf")
    register_gguf(home, tmp_path / "wide.gguf", name="wide", context_length=8192)
    return served.start("wide", context=8192).name


def test_a_search_shows_each_steps_rank_and_score(index: Artifact, modelops: Any) -> None:
    found = modelops("rag", "search", "notes", BREAD, "--top-k", "2")
    assert found.status == 0, found.err
    head, first, *_ = found.out.splitlines()
    assert head.split() == ["dense", "bm25", "fusion", "where", "passage"]
    assert first.split()[:5] == ["1", "#1", "1", "#1", first.split()[4]]
    assert "bread.md" in first
    assert BREAD in first
    assert "Opening notes" in found.err


def test_a_search_can_be_read_by_a_program(index: Artifact, modelops: Any) -> None:
    found = modelops("rag", "search", "notes", "water", "--method", "bm25", "--source", "river*", "--json").json
    assert {hit["source"] for hit in found["hits"]} == {"river.txt"}
    assert set(found["hits"][0]["steps"]) == {"bm25"}


def test_nothing_found_is_said(index: Artifact, modelops: Any) -> None:
    assert modelops("rag", "search", "notes", "xylophone", "--method", "bm25").out == "Nothing was found.\n"


def test_documents_are_listed_with_those_that_were_skipped(index: Artifact, modelops: Any) -> None:
    listed = modelops("rag", "documents", "notes").out
    assert all(source in listed for source in TEXTS)
    assert "no_text_layer" in listed
    told = modelops("rag", "documents", "notes", "--json").json
    assert {one["source"]: one["chunks"] for one in told["documents"]} == dict.fromkeys(TEXTS, 2)
    assert told["skipped"] == [{"source": "scan.pdf", "code": "no_text_layer", "reason": "A PDF of pictures."}]


def test_the_only_chat_endpoint_answers(index: Artifact, chatting: str, modelops: Any) -> None:
    told = modelops("rag", "ask", "notes", BREAD, "--max-tokens", "8", "--json").json
    assert told["endpoint"] == chatting
    assert BREAD in [passage["text"] for passage in told["passages"]]
    assert told["text"]
    assert told["checks"]["refused"] is False
    printed = modelops("rag", "ask", "notes", BREAD, "--max-tokens", "8", "--endpoint", chatting)
    assert printed.status == 0
    assert "cites nothing" in printed.err


def test_where_nothing_is_near_enough_no_model_is_asked(index: Artifact, chatting: str, modelops: Any) -> None:
    asked = ("rag", "ask", "notes", "xylophone", "--min-similarity", "1")
    told = modelops(*asked, "--json").json
    assert (told["endpoint"], told["text"], told["refused"]) == (None, REFUSAL, True)
    printed = modelops(*asked)
    assert printed.out.startswith(REFUSAL)
    assert "no model was asked" in printed.out


def test_without_an_endpoint_it_is_said_how_to_start_one(index: Artifact, modelops: Any) -> None:
    told = modelops("rag", "ask", "notes", BREAD, "--json")
    assert told.status == 2
    assert told.json["code"] == "no_chat_endpoint"
    assert "modelops endpoints start" in told.json["hint"]


def test_of_several_endpoints_one_must_be_named(
    index: Artifact, chatting: str, served: EndpointBench, modelops: Any
) -> None:
    served.start()
    told = modelops("rag", "ask", "notes", BREAD, "--json").json
    assert told["code"] == "several_chat_endpoints"
    assert "tiny, wide" in told["detail"]


def test_what_the_engine_refuses_is_said(index: Artifact, served: EndpointBench, modelops: Any) -> None:
    served.start()  # too small for any prompt
    told = modelops("rag", "ask", "notes", BREAD, "--json")
    assert told.status == 2
    assert "context" in told.json["detail"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("search", "nothing", "x"), "artifact_not_found"),
        (("search", "embedder", "x"), "not_an_index"),
        (("search", "notes", " "), "empty_question"),
        (("search", "notes", "x", "--reranker", "notes"), "not_a_reranker"),
        (("ask", "notes", "x", "--endpoint", "nobody"), "unknown_endpoint"),
        (("documents", "nothing"), "artifact_not_found"),
    ],
)
def test_what_is_wrong_is_said(index: Artifact, modelops: Any, arguments: tuple[str, ...], code: str) -> None:
    answer = modelops("rag", *arguments, "--json")
    assert answer.status == 2
    assert answer.json["code"] == code
    assert answer.json["hint"]


def test_another_embedder_under_the_name_is_refused(
    index: Artifact, home: StateHome, tmp_path: Path, modelops: Any
) -> None:
    folder = tmp_path / "elsewhere"
    shutil.copytree(Registry(home).verified_open("notes").path, folder)
    record = json.loads((folder / "index.json").read_text())
    record["embedder"]["digest"] = "0" * 64
    (folder / "index.json").write_text(json.dumps(record))
    Registry(home).register(folder, name="other", kind="index", metadata={}, build=IMPORT)
    assert modelops("rag", "search", "other", "x", "--json").json["code"] == "embedder_differs"


def test_what_was_not_cited_is_said_to_be_found_by_words(capsys: pytest.CaptureFixture[str]) -> None:
    _print_sources(Answered(cite("Bread is baked with yeast.", [hit(BREAD, "bread.md")]), asked=True))
    printed = capsys.readouterr()
    assert "Not cited by the model" in printed.out
    assert BREAD in printed.out
    assert "cites nothing" in printed.err


def test_sources_stand_below_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    hits = [hit(f"{BREAD} Cats sleep.", "food/bread.pdf", page=4, headings=("Food", "\x1b[31mBread"))]
    _print_sources(Answered(cite("Bread is baked with yeast [1]. Yeast [1]. Cats sleep [1][2].", hits), asked=True))
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "",
        "",
        "[1] food/bread.pdf, page 4, Food \u203a \\x1b[31mBread",
        f"    \u201c{BREAD}\u201d",
        "    \u201cCats sleep.\u201d",
    ]
    assert "left out: 1" in printed.err
