"""An index is an endpoint: planned, verified, opened with its own embedder, searched, and brought back."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tiny_embedder import tiny_cross_encoder_folder, tiny_embedder_folder, write_tiny_embedder
from tiny_endpoint import EndpointBench
from tiny_index import register_embedder, register_index

from modelops.errors import InvalidInput, NotFound, VerificationError
from modelops.paths import StateHome
from modelops.registry import Build, Registry
from modelops_server import endpoints
from modelops_server.endpoints import Endpoint, State
from modelops_server.endpoints.planning import look
from modelops_server.endpoints.sockets import engine_api

__all__ = ["tiny_cross_encoder_folder", "tiny_embedder_folder"]


@pytest.fixture
def bench(home: StateHome, tiny_embedder_folder: Path) -> Iterator[EndpointBench]:
    """A bench whose state home has an index."""
    register_index(home, tiny_embedder_folder)
    bench = EndpointBench(home, Path())
    yield bench
    bench.close()


def start(bench: EndpointBench) -> Endpoint:
    return bench.settled(endpoints.start(bench.home, endpoints.plan(bench.home, "docs")).name)


def ask(endpoint: Endpoint, method: str, path: str, **more: Any) -> httpx.Response:
    socket = endpoint.status.socket or ""
    with httpx.Client(transport=httpx.HTTPTransport(uds=socket), timeout=60, **engine_api(Path(socket))) as client:
        return client.request(method, path, **more)


def search(endpoint: Endpoint, question: str, **settings: Any) -> list[dict[str, Any]]:
    hits: list[dict[str, Any]] = ask(
        endpoint, "POST", "search", json={"question": question, "settings": settings}
    ).json()["hits"]
    return hits


class TestPlan:
    def test_says_what_it_takes_and_who_embeds(self, bench: EndpointBench) -> None:
        planned = endpoints.plan(bench.home, "docs")

        assert (planned.spec.engine, planned.spec.task, planned.spec.gpus) == ("retrieval", "search", ())
        assert planned.spec.embedder is not None
        assert planned.spec.embedder.ref == "mini@1"
        assert planned.spec.model_names == {}
        assert set(planned.memory) == {"vectors", "texts", "embedder", "process"}
        assert planned.memory["vectors"] > 8 * 32 * 4  # eight paragraphs, and the head of the file

    def test_offers_no_engine_of_models_to_an_index_and_the_other_way_round(self, bench: EndpointBench) -> None:
        given: dict[str, Any] = {"name": None, "engine": "auto", "adapters": (), "options": endpoints.Options()}

        assert [one["name"] for one in look(bench.home, "docs", **given)["engines"]] == ["retrieval"]
        assert "retrieval" not in [one["name"] for one in look(bench.home, "mini", **given)["engines"]]
        assert endpoints.plan(bench.home, "mini").spec.task == "embed"
        for ref, engine in (("docs", "transformers"), ("mini", "retrieval")):
            with pytest.raises(InvalidInput) as refused:
                endpoints.plan(bench.home, ref, engine=engine)
            assert refused.value.code == "engine_cannot_serve"

    def test_finds_its_embedder_under_whatever_version_it_was_imported(
        self, bench: EndpointBench, tmp_path: Path, tiny_embedder_folder: Path
    ) -> None:
        register_embedder(bench.home, tiny_embedder_folder, more="facts")

        assert endpoints.plan(bench.home, "docs").spec.embedder.ref == "mini@1"  # type: ignore[union-attr]

    def test_refuses_an_index_whose_embedder_is_missing_or_another(
        self, bench: EndpointBench, tmp_path: Path, tiny_embedder_folder: Path
    ) -> None:
        index = Registry(bench.home).verified_open("docs")
        elsewhere = StateHome(tmp_path / "elsewhere")
        Registry(elsewhere).register(index.path, name="docs", kind="index", metadata={}, build=Build("import", {}, ()))
        index.close()
        with pytest.raises(NotFound) as missing:
            endpoints.plan(elsewhere, "docs")
        write_tiny_embedder(tmp_path / "other", seed=1)
        register_embedder(elsewhere, tmp_path / "other")
        with pytest.raises(VerificationError) as another:
            endpoints.plan(elsewhere, "docs")

        assert missing.value.code == "embedder_missing"
        assert another.value.code == "embedder_differs"


class TestReranker:
    @pytest.mark.parametrize(("reranker", "memory"), [("cross", 4_000_000), ("mini", None)])
    def test_orders_what_was_found(
        self, bench: EndpointBench, tiny_cross_encoder_folder: Path, reranker: str, memory: int | None
    ) -> None:
        registry = Registry(bench.home)
        facts = {"architecture": "BertForSequenceClassification", "parameter_count": 1_000_000}
        build = Build("import", {}, ())
        registry.register(tiny_cross_encoder_folder, name="cross", kind="model", metadata=facts, build=build)
        planned = endpoints.plan(bench.home, "docs", reranker=reranker)
        endpoint = bench.settled(endpoints.start(bench.home, planned).name)
        hits = search(endpoint, "how is bread baked", top_k=3)

        assert planned.memory.get("reranker") == memory  # the index's own embedding model is there already
        assert endpoint.as_json()["reranker"] == f"{reranker}@1"
        assert [hit["score"] for hit in hits] == [hit["steps"]["reranker"]["score"] for hit in hits]
        assert [hit["steps"]["reranker"]["rank"] for hit in hits] == [1, 2, 3]

    def test_what_is_none_and_what_is_not_searched_are_refused(
        self, bench: EndpointBench, tiny_cross_encoder_folder: Path
    ) -> None:
        with pytest.raises(InvalidInput) as none:
            endpoints.plan(bench.home, "docs", reranker="docs")
        with pytest.raises(InvalidInput) as unused:
            endpoints.plan(bench.home, "mini", reranker="mini")

        assert none.value.code == "not_a_reranker"
        assert unused.value.code == "reranker_not_used"


class TestServed:
    def test_it_is_searched_and_read(self, bench: EndpointBench) -> None:
        endpoint = start(bench)
        assert endpoint.state is State.READY, endpoint.as_json()
        hits = search(endpoint, "how is bread baked", top_k=2)
        only = search(endpoint, "water", sources=["river*"])
        listed = ask(endpoint, "GET", "documents").json()
        document = ask(endpoint, "GET", "documents/text", params={"source": "river.txt"}).json()

        assert hits[0]["source"] == "bread.md"
        assert len(hits) == 2
        assert set(hits[0]["steps"]) <= {"dense", "bm25", "fusion"}
        assert {hit["source"] for hit in only} == {"river.txt"}
        assert [(one["source"], one["chunks"]) for one in listed["documents"]] == [
            ("bread.md", 2),
            ("cats.md", 2),
            ("river.txt", 2),
            ("solar.txt", 2),
        ]
        assert listed["skipped"][0]["code"] == "no_text_layer"
        assert [document["text"][start:end] for start, end in document["chunks"]] == [
            "The river flows to the sea.",
            "Water flows down.",
        ]
        assert endpoint.status.parity == ()
        assert endpoint.as_json()["model_names"] == []

    def test_what_is_wrong_is_said(self, bench: EndpointBench) -> None:
        endpoint = start(bench)
        cases: list[tuple[str, str, dict[str, Any], int, str]] = [
            ("POST", "search", {"json": {"question": " "}}, 422, "empty_question"),
            ("POST", "search", {"json": {"question": "a", "settings": {"top_k": 0}}}, 422, "invalid_body"),
            ("POST", "search", {"content": b"{"}, 422, "invalid_body"),
            ("GET", "documents/text", {"params": {"source": "none"}}, 404, "unknown_document"),
            ("GET", "elsewhere", {}, 404, "not_found"),
            ("POST", "search", {"json": {"question": "a"}, "headers": {"Authorization": "no"}}, 401, "unauthorized"),
        ]
        for method, path, more, status, code in cases:
            answer = ask(endpoint, method, path, **more)

            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

    def test_one_that_was_tampered_with_is_not(self, bench: EndpointBench) -> None:
        registry = Registry(bench.home)
        for ref, path in (("docs", "vectors.npy"), ("mini", "model.safetensors")):
            file = next(file for file in registry.get(ref).files if file.path.endswith(path))
            blob = registry.blobs.path(file.sha256)
            content = blob.read_bytes()
            blob.chmod(0o644)
            blob.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
            endpoint = start(bench)
            blob.write_bytes(content)

            assert endpoint.state is State.FAILED
            assert endpoint.reason is not None
            assert endpoint.reason.code == "digest_mismatch"

    @pytest.mark.full
    def test_an_engine_that_is_killed_comes_back(self, bench: EndpointBench) -> None:
        before = start(bench)
        os.kill(before.status.engine.pid, signal.SIGKILL)  # type: ignore[union-attr]
        while (after := endpoints.find(bench.home, "docs")).status.restarts == 0 or not after.ready:
            assert not after.state.ended

        assert search(after, "cats")[0]["source"] == "cats.md"
