"""Adding models and datasets: real commands, followed to their end."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from modelops.paths import StateHome
from modelops.registry import Registry

from .conftest import Api, until


@pytest.fixture
def ended(api: Api) -> Callable[..., Any]:
    """The task that was started by an answer, once it has ended."""

    async def wait(answer: Any) -> Any:
        assert answer.status == 202, answer.json

        async def end() -> Any:
            task = (await api.get(f"tasks/{answer.json['id']}")).json
            return task["state"] != "running" and task

        return await until(end)

    return wait


@pytest.fixture
def chats_file(tmp_path: Path) -> Path:
    """Ten good rows and a bad one."""
    rows = [{"prompt": f"Say {number}", "completion": f"{number}"} for number in range(10)]
    path = tmp_path / "chats.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in [*rows, {"prompt": "only"}]))
    return path


class TestDatasets:
    async def test_a_dataset_is_added_by_a_task_that_shows_what_was_made(
        self, api: Api, ended: Any, chats_file: Path, home: StateHome
    ) -> None:
        body = {"path": "chats.jsonl", "name": "chats", "skip_bad_rows": True, "test_fraction": 0.3}

        task = await ended(await api.post("datasets", body))

        assert (task["state"], task["kind"], task["result"]["ref"]) == ("succeeded", "add-dataset", "chats@1")
        assert task["result"]["new"] is True
        assert Registry(home).verify("chats@1").metadata["rows"] == 10
        assert [row["id"] for row in (await api.get("tasks")).json["tasks"]] == [task["id"]]

    async def test_bad_rows_end_it_with_each_row_and_its_reason(self, api: Api, ended: Any, chats_file: Path) -> None:
        task = await ended(await api.post("datasets", {"path": "chats.jsonl", "name": "chats"}))

        assert (task["state"], task["result"], task["problem"]["code"]) == ("failed", None, "bad_rows")
        assert [(row["file"], row["line"]) for row in task["problem"]["bad_rows"]] == [("chats.jsonl", 11)]

    async def test_a_file_is_looked_at_before_it_is_added(self, api: Api, chats_file: Path, home: StateHome) -> None:
        found = (await api.post("datasets/inspect", {"path": "chats.jsonl", "rows": 3, "context": 1})).json

        assert (found["rows"], found["format"], len(found["preview"])) == (10, "prompt-completion", 3)
        assert (found["bad_row_count"], found["bad_rows"][0]["line"]) == (1, 11)
        assert found["over_context"] == {"limit": 1, "unit": "words", "rows": 10}
        assert not (home.root / "blobs").exists() or not Registry(home).list()

    async def test_what_a_command_refuses_keeps_its_status(self, api: Api, tmp_path: Path) -> None:
        (tmp_path / "empty.jsonl").touch()

        answer = await api.post("datasets/inspect", {"path": "empty.jsonl"})

        assert (answer.status, answer.json["code"]) == (422, "empty_file")

    async def test_a_reader_who_goes_away_ends_the_looking(
        self, api: Api, tmp_path: Path, alive: Callable[[str], list[psutil.Process]]
    ) -> None:
        path = tmp_path / "looked-at-in-vain.jsonl"
        path.write_bytes(b'{"text": "a"}\n' * 5_000_000)  # half a minute to look at
        body = json.dumps({"path": path.name})
        _, writer = await asyncio.open_connection("127.0.0.1", api.client.get_http_port())
        head = f"POST {api.base}modelops/api/v1/datasets/inspect HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Authorization: {api.authorization['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        await until(lambda: alive("looked-at-in-vain"))

        writer.close()

        await until(lambda: not alive("looked-at-in-vain"), seconds=10)

    async def test_a_reference_never_means_a_file(self, api: Api, home: StateHome, monkeypatch: Any) -> None:
        monkeypatch.chdir("/")

        answer = await api.post("datasets/inspect", {"ref": "etc"})

        assert (answer.status, answer.json["code"]) == (404, "artifact_not_found")

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"path": "../chats.jsonl"}, 422, "path_outside"),
            ({"path": "/etc/passwd"}, 422, "path_outside"),
            ({"path": "a\0b"}, 422, "invalid_path"),
            ({"path": "x" * 300}, 422, "invalid_path"),
            ({"path": "missing.jsonl"}, 404, "file_not_found"),
            ({"path": "--help"}, 404, "file_not_found"),
            ({"path": "chats.jsonl", "format": "pickle"}, 422, "invalid_body"),
            ({}, 422, "invalid_body"),
        ],
    )
    async def test_other_paths_are_neither_looked_at_nor_added(
        self, api: Api, chats_file: Path, body: Any, status: int, code: str
    ) -> None:
        for address, more in (("datasets/inspect", {}), ("datasets", {"name": "chats"})):
            answer = await api.post(address, {**body, **more})
            assert (answer.status, answer.json["code"]) == (status, code), address
        assert (await api.get("tasks")).json["tasks"] == []

    @pytest.mark.parametrize("name", ["../chats", "-p", "<b>", "a" * 97, "con", ""])
    async def test_a_name_that_is_none_starts_no_task(self, api: Api, chats_file: Path, name: str) -> None:
        assert (await api.post("datasets", {"path": "chats.jsonl", "name": name})).status == 422
        assert (await api.get("tasks")).json["tasks"] == []


class TestModels:
    async def test_a_folder_that_is_no_model_fails_with_the_reason(self, api: Api, ended: Any, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "pytorch_model.bin").write_bytes(b"pickle")

        task = await ended(await api.post("models", {"source": "folder", "name": "base"}))

        assert (task["state"], task["problem"]["code"]) == ("failed", "pickle")

    async def test_an_untrained_model_is_added_only_unprobed(
        self, api: Api, ended: Any, tmp_path: Path, tiny_model_folder: Path
    ) -> None:
        shutil.copytree(tiny_model_folder, tmp_path / "tiny")

        probed = await ended(await api.post("models", {"source": "tiny", "name": "base"}))
        unprobed = await ended(await api.post("models", {"source": "tiny", "name": "base", "probe": False}))

        assert (probed["state"], probed["problem"]["code"]) == ("failed", "implausible_model")
        assert (unprobed["state"], unprobed["result"]["ref"]) == ("succeeded", "base@1")

    @pytest.mark.parametrize(
        ("source", "status", "code"),
        [
            ("../folder", 422, "path_outside"),
            ("/etc", 422, "path_outside"),
            ("missing", 404, "file_not_found"),
            ("hf:../..", 422, "invalid_source"),
            ("pypi:--index-url=http://evil.test", 422, "invalid_source"),
            ("file:///etc/passwd", 404, "file_not_found"),
        ],
    )
    async def test_other_sources_start_no_task(self, api: Api, source: str, status: int, code: str) -> None:
        answer = await api.post("models", {"source": source, "name": "base"})

        assert (answer.status, answer.json["code"]) == (status, code)
        assert (await api.get("tasks")).json["tasks"] == []


class TestCancelling:
    async def test_a_cancelled_task_leaves_no_process_and_no_artifact(
        self, api: Api, home: StateHome, alive: Callable[[str], list[psutil.Process]]
    ) -> None:
        task = (await api.post("datasets", {"example": "pydoc", "name": "cancelled-pydoc"})).json
        for process in await until(lambda: alive("cancelled-pydoc")):
            process.suspend()  # on a fast machine it would be done before it is cancelled

        ended = (await api.post(f"tasks/{task['id']}/cancel")).json

        assert (ended["state"], ended["result"], ended["problem"]) == ("cancelled", None, None)
        assert ended["finished"] is not None
        assert not alive("cancelled-pydoc")
        assert (await api.get("datasets")).json["total"] == 0
        assert (await api.post(f"tasks/{task['id']}/cancel")).json == ended

    @pytest.mark.parametrize("task_id", ["task-000000000000", "..", "%2e%2e", "a%00b"])
    async def test_an_unknown_task_is_not_found(self, api: Api, task_id: str) -> None:
        assert (await api.get(f"tasks/{task_id}")).status == 404
        assert (await api.post(f"tasks/{task_id}/cancel")).status == 404


async def test_a_server_that_stops_ends_its_tasks(
    api: Api, jp_serverapp: Any, alive: Callable[[str], list[psutil.Process]]
) -> None:
    await api.post("datasets", {"example": "pydoc", "name": "stopped-pydoc"})
    await until(lambda: alive("stopped-pydoc"))

    (extension,) = jp_serverapp.extension_manager.extension_apps["modelops_server"]
    await extension.stop_extension()

    assert not alive("stopped-pydoc")


class TestEnvironments:
    async def test_one_is_made_by_a_task_and_removed(
        self, api: Api, ended: Any, home: StateHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
        home.locks.mkdir(parents=True)
        (home.locks / "bare.toml").write_text(
            'title = "Bare"\nsummary = "Nothing of its own."\npython = ">=3.11"\ndisk = 1000\nminutes = 0.1\n'
        )

        task = await ended(await api.post("environments/bare"))
        listed = (await api.get("environments")).json["environments"]
        again = await ended(await api.post("environments/bare"))

        assert (task["state"], task["kind"], task["result"]["state"]) == ("succeeded", "create-environment", "ready")
        shipped = {"llamacpp", "llamacpp-kquants", "llm-compressor", "lm-eval", "vllm-cpu"}
        assert {item["name"]: item["state"] for item in listed} == {"bare": "ready"} | dict.fromkeys(shipped, "absent")
        assert (again["state"], again["problem"]["code"]) == ("failed", "environment_exists")
        assert (await api("DELETE", "environments/bare")).status == 204
        assert not (home.environments / "bare").exists()

    async def test_one_that_nobody_has_described_is_refused(self, api: Api) -> None:
        assert (await api.post("environments/nope")).json["code"] == "unknown_environment"
        assert (await api("DELETE", "environments/nope")).status == 404
