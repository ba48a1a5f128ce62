"""The artifacts resource, with a real registry."""

from __future__ import annotations

import asyncio
import json
import logging
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Dependency, KeyStore, Registry, verify_export
from modelops_server.handlers.artifact_files import ArtifactFileHandler

from .conftest import Api, until

Register = Callable[..., Artifact]

HTML = "<script>alert(1)</script>"


@pytest.fixture
def register(home: StateHome, tmp_path: Path) -> Register:
    """Registers an artifact of these files."""

    def add(
        name: str = "support-bot",
        kind: str = "adapter",
        made_from: tuple[Artifact, ...] = (),
        metadata: dict[str, Any] | None = None,
        **files: str,
    ) -> Any:
        folder = tmp_path / "files"
        for path, content in {"weights.bin": name, **files}.items():
            target = folder / path.replace("__", "/").replace("README", "README.md")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        dependencies = tuple(source.as_dependency("input") for source in made_from)
        build = Build("job", {}, dependencies or (Dependency("source", "file:test", "0" * 64),), invocation="sft-0")
        artifact = Registry(home).register(
            folder, name=name, kind=kind, metadata=metadata or {"title": HTML}, build=build
        )
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()
        return artifact

    return add


async def refs(api: Api, query: str = "", resource: str = "artifacts") -> list[str]:
    return [artifact["ref"] for artifact in (await api.get(f"{resource}?{query}")).json["artifacts"]]


class TestFinding:
    async def test_the_newest_come_first_without_files_with_totals(self, api: Api, register: Register) -> None:
        register(), register(), register("base", "model")

        page = (await api.get("artifacts?limit=1&offset=1")).json

        assert [artifact["ref"] for artifact in page["artifacts"]] == ["support-bot@2"]
        assert "files" not in page["artifacts"][0]
        assert (page["total"], page["kinds"]) == (3, {"adapter": 2, "model": 1})

    async def test_kind_name_and_the_latest_alone(self, api: Api, register: Register) -> None:
        register(), register(), register("base", "model")

        assert await refs(api, "kind=model") == ["base@1"]
        assert await refs(api, "name=support-bot") == ["support-bot@2", "support-bot@1"]
        assert await refs(api, "name=support") == []
        assert await refs(api, "latest=true") == ["base@1", "support-bot@2"]

    async def test_counts_by_kind_are_of_all_kinds(self, api: Api, register: Register) -> None:
        register(), register("base", "model")

        page = (await api.get("artifacts?kind=model")).json

        assert (page["total"], page["kinds"]) == (1, {"adapter": 1, "model": 1})

    async def test_search_looks_at_name_kind_job_and_aliases(
        self, api: Api, register: Register, home: StateHome
    ) -> None:
        register(), register("base", "model")
        Registry(home).set_alias("support-bot", "production", 1)

        assert await refs(api, "search=SUPPORT+adapter") == ["support-bot@1"]
        assert await refs(api, "search=produc") == ["support-bot@1"]
        assert await refs(api, "search=sft-0") == ["base@1", "support-bot@1"]
        assert await refs(api, "search=%25") == []

    async def test_datasets_and_models_are_those_of_their_kind(self, api: Api, register: Register) -> None:
        register(), register("base", "model"), register("chats", "dataset")

        assert await refs(api, resource="models") == ["base@1"]
        assert await refs(api, resource="datasets") == ["chats@1"]

    @pytest.mark.parametrize("query", ["kind=pickle", "limit=-1", "offset=-1", "latest=perhaps", "sort=name", "kind="])
    async def test_a_query_that_is_not_valid_is_refused(self, api: Api, query: str) -> None:
        assert (await api.get(f"artifacts?{query}")).status == 422


class TestLooking:
    async def test_details_say_what_it_was_made_from_who_signed_it_and_what_else_there_is(
        self, api: Api, register: Register, home: StateHome
    ) -> None:
        base = register("base", "model")
        register(made_from=(base,)), register(made_from=(base,), README=f"# Card\n{HTML}")
        Registry(home).set_alias("support-bot", "production", 1)

        found = (await api.get("artifacts/support-bot")).json

        assert found["ref"] == "support-bot@2"
        assert found["dependencies"] == [{"name": "input", "uri": base.uri, "digest": base.digest}]
        assert found["signer"] == KeyStore(home).trusted()[0].fingerprint
        assert found["card"] == f"# Card\n{HTML}"
        assert [(other["version"], other["aliases"]) for other in found["versions"]] == [(2, []), (1, ["production"])]

    @pytest.mark.parametrize("ref", ["support-bot@1", "support-bot%401", "support-bot@production", "job:sft-0"])
    async def test_every_way_to_name_it_leads_to_it(
        self, api: Api, register: Register, home: StateHome, ref: str
    ) -> None:
        register()
        Registry(home).set_alias("support-bot", "production", 1)

        assert (await api.get(f"artifacts/{ref}")).json["ref"] == "support-bot@1"

    @pytest.mark.parametrize(
        ("ref", "status"),
        [
            ("support-bot@9", 404),
            ("no-such", 404),
            ("support-bot@0", 422),
            ("..", 422),
            ("%2e%2e", 422),
            ("%2e%2e%2fetc", 422),
            ("a%00b", 422),
            ("%3Cb%3E", 422),
            ("x" * 3000, 422),
            ("%FF", 400),
        ],
    )
    async def test_other_references_are_refused(self, api: Api, register: Register, ref: str, status: int) -> None:
        register()

        for rest in ("", "/lineage", "/attestation", "/export", "/files/weights.bin"):
            assert (await api.get(f"artifacts/{ref}{rest}")).status == status, rest

    async def test_lineage_is_a_graph_with_jobs(self, api: Api, register: Register) -> None:
        base = register("base", "model")
        adapter = register(made_from=(base,))

        graph = (await api.get("artifacts/base@1/lineage")).json

        assert graph["nodes"][adapter.digest] == {
            "uri": adapter.uri,
            "ref": "support-bot@1",
            "kind": "adapter",
            "job": "sft-0",
        }
        assert {"product": adapter.digest, "source": base.digest, "name": "input"} in graph["edges"]


class TestComparing:
    async def test_artifacts_stand_side_by_side_with_their_intervals(self, api: Api, register: Register) -> None:
        base = register("base", "model")
        register("small", "model", (base,), {"perplexity": 23.5, "intervals": {"perplexity": "22 to 25"}})

        found = (await api.get("artifact-comparison?ref=base&ref=small%401")).json

        assert [artifact["ref"] for artifact in found["artifacts"]] == ["base@1", "small@1"]
        assert "files" not in found["artifacts"][0]
        assert found["measures"] == [
            {"name": "perplexity", "values": [None, 23.5], "intervals": [None, [22.0, 25.0]], "differs": True}
        ]
        assert {"name": "kind", "values": ["model", "model"], "differs": False} in found["facts"]
        assert {"name": "input", "values": [None, base.ref], "differs": True} in found["inputs"]
        assert found["evaluations"] == [None, None]

    @pytest.mark.parametrize("count", [0, 17])
    async def test_one_to_sixteen_artifacts_are_compared(self, api: Api, register: Register, count: int) -> None:
        register()

        answer = await api.get("artifact-comparison?" + "&".join(["ref=support-bot"] * count))

        assert (answer.status, answer.json["code"]) == (422, "invalid_query")

    async def test_one_that_is_not_there_is_not_found(self, api: Api, register: Register) -> None:
        register()

        assert (await api.get("artifact-comparison?ref=support-bot&ref=nothing")).status == 404


class TestVerifying:
    async def test_what_was_signed_is_verified(self, api: Api, register: Register) -> None:
        register()

        found = (await api.post("artifacts/support-bot/verify")).json

        assert (found["verified"], found["artifact"]["ref"]) == (True, "support-bot@1")

    async def test_a_changed_byte_is_told_with_its_reason(self, api: Api, register: Register, home: StateHome) -> None:
        artifact = register(README="# Card")
        for file in artifact.files:
            blob = Registry(home).blobs.path(file.sha256)
            blob.chmod(0o644)
            blob.write_bytes(blob.read_bytes()[::-1])

        verified = await api.post("artifacts/support-bot/verify")
        details = (await api.get("artifacts/support-bot")).json
        refused = [await api.get(f"artifacts/support-bot/{rest}") for rest in ("files/weights.bin", "export")]

        assert (verified.status, verified.json["verified"]) == (200, False)
        assert verified.json["problem"]["code"] == "digest_mismatch"
        assert (details["card"], details["problem"]["code"]) == (None, "digest_mismatch")
        assert [(answer.status, answer.json["code"]) for answer in refused] == [(409, "digest_mismatch")] * 2


class TestFiles:
    async def test_a_file_is_saved_and_never_shown(self, api: Api, register: Register) -> None:
        register(docs__page=HTML)

        answer = await api.get("artifacts/support-bot@1/files/docs/page")

        assert answer.body.decode() == HTML
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("missing.bin", 404),
            ("../weights.bin", 422),
            ("docs/../weights.bin", 422),
            ("%2e%2e/%2e%2e/etc/passwd", 422),
            ("..%2f..%2fetc%2fpasswd", 422),
            ("/etc/passwd", 422),
            ("%2Fetc%2Fpasswd", 422),
            ("a%00b", 422),
            ("C%3A%5Cwindows", 422),
        ],
    )
    async def test_no_other_path_leads_anywhere(self, api: Api, register: Register, path: str, status: int) -> None:
        register()

        assert (await api.get(f"artifacts/support-bot@1/files/{path}")).status == status

    async def test_the_attestation_leaves_byte_for_byte(self, api: Api, register: Register, home: StateHome) -> None:
        register()

        answer = await api.get("artifacts/support-bot/attestation")

        assert answer.body == Registry(home).attestation("support-bot@1")
        assert json.loads(answer.body)["payloadType"] == "application/vnd.in-toto+json"

    async def test_an_export_is_an_archive_that_verifies(
        self, api: Api, register: Register, home: StateHome, tmp_path: Path
    ) -> None:
        artifact = register()

        answer = await api.get("artifacts/support-bot/export")
        (tmp_path / "export.tar").write_bytes(answer.body)

        assert answer.headers["Content-Type"] == "application/x-tar"
        assert "support-bot-1.tar" in answer.headers["Content-Disposition"]
        with tarfile.open(tmp_path / "export.tar") as archive:
            assert "support-bot-1/files/weights.bin" in archive.getnames()
        assert verify_export(tmp_path / "export.tar", KeyStore(home).trusted())[0].digest == artifact.digest

    async def test_nothing_of_what_was_sent_stays_behind(self, api: Api, register: Register, home: StateHome) -> None:
        register()

        await api.get("artifacts/support-bot/export")
        await api.get("artifacts/support-bot/files/weights.bin")

        assert not list(home.scratch.glob("private-*"))

    async def test_a_client_that_goes_away_ends_it_quietly(
        self,
        api: Api,
        register: Register,
        home: StateHome,
        http_server_port: Any,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        register(large__bin="x" * 50_000_000)
        ended: list[int] = []
        finished = ArtifactFileHandler.on_finish

        def on_finish(handler: ArtifactFileHandler) -> None:
            finished(handler)
            ended.append(handler.get_status())

        monkeypatch.setattr(ArtifactFileHandler, "on_finish", on_finish)
        reader, writer = await asyncio.open_connection("127.0.0.1", http_server_port[1])
        path = f"{api.base}modelops/api/v1/artifacts/support-bot@1/files/large/bin"
        writer.write(f"GET {path} HTTP/1.0\r\nAuthorization: {api.authorization['Authorization']}\r\n\r\n".encode())
        assert (await reader.readline()).split()[1] == b"200"

        with caplog.at_level(logging.DEBUG):
            writer.transport.abort()
            await until(lambda: ended)

        assert ended == [200]
        assert not [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


class TestAliases:
    async def test_an_alias_is_set_moved_and_removed(self, api: Api, register: Register) -> None:
        register(), register()

        made = await api("PUT", "artifacts/support-bot/aliases/production", {"version": 1})
        moved = await api("PUT", "artifacts/support-bot/aliases/production", {"version": 2})
        found = (await api.get("artifacts/support-bot@production")).json["ref"]
        removed = await api("DELETE", "artifacts/support-bot/aliases/production")

        assert made.json == {"alias": "support-bot@production", "ref": "support-bot@1"}
        assert (moved.status, found, removed.status) == (200, "support-bot@2", 204)
        assert (await api.get("artifacts/support-bot@production")).status == 404
        assert (await api("DELETE", "artifacts/support-bot/aliases/production")).status == 404

    @pytest.mark.parametrize(
        ("alias", "body", "status"),
        [
            ("production", {"version": 9}, 404),
            ("production", {"version": 0}, 422),
            ("production", {"version": "1"}, 422),
            ("production", {}, 422),
            ("3", {"version": 1}, 422),
            ("%2e%2e", {"version": 1}, 422),
            ("%3Cb%3E", {"version": 1}, 422),
        ],
    )
    async def test_what_is_no_alias_or_no_version_is_refused(
        self, api: Api, register: Register, alias: str, body: Any, status: int
    ) -> None:
        register()

        assert (await api("PUT", f"artifacts/support-bot/aliases/{alias}", body)).status == status
