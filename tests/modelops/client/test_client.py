"""The client against a real server: found, asked, and its problems as errors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops import Client
from modelops.client.discovery import URL
from modelops.errors import InvalidInput, ModelOpsError, NotFound, Unavailable
from modelops.events import JOB_FOLDER

Notebooks = Callable[..., Path]


def test_it_finds_the_running_server_by_itself(running_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", running_server.environment["JUPYTER_RUNTIME_DIR"])
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)

    with Client() as client:
        assert client.health()["state_home"] == str(running_server.home.root)


def test_a_job_finds_the_server_of_its_own_state_home(
    running_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", running_server.environment["JUPYTER_RUNTIME_DIR"])
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    monkeypatch.setenv(JOB_FOLDER, str(tmp_path))
    monkeypatch.setenv("MODELOPS_HOME", str(running_server.home.root))
    Client().close()

    monkeypatch.setenv("MODELOPS_HOME", str(tmp_path))
    with pytest.raises(Unavailable) as refusal:
        Client()

    assert refusal.value.code == "other_state_home"
    assert str(tmp_path) in refusal.value.hint


def test_it_finds_the_server_from_a_hubs_environment(running_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTERHUB_SERVICE_URL", running_server.url)
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", running_server.token)

    with Client() as client:
        assert client.health()["status"] == "ok"


def test_without_a_running_server_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    monkeypatch.delenv(URL, raising=False)

    with pytest.raises(Unavailable) as refusal:
        Client()

    assert refusal.value.code == "no_server"
    assert "jupyter lab" in refusal.value.hint


def test_a_server_that_does_not_answer_is_named() -> None:
    with pytest.raises(Unavailable) as refusal:
        Client("http://127.0.0.1:9/", "secret")

    assert refusal.value.code == "unreachable"
    assert "127.0.0.1:9" in refusal.value.message
    assert "secret" not in str(refusal.value.as_json())


def test_a_wrong_token_is_refused(running_server: Any) -> None:
    with pytest.raises(ModelOpsError) as refusal:
        Client(running_server.url, "wrong")

    assert refusal.value.code == "forbidden"


def test_a_server_without_the_extension_is_told_from_one_with_it(running_server: Any) -> None:
    with pytest.raises(Unavailable) as refusal:
        Client(running_server.url + "elsewhere/", running_server.token)

    assert refusal.value.code == "not_installed"
    assert "pip install" in refusal.value.hint


def test_a_client_that_was_closed_says_so(running_server: Any) -> None:
    client = Client(running_server.url, running_server.token)
    client.close()

    with pytest.raises(Unavailable) as refusal:
        client.health()

    assert refusal.value.code == "closed"


class Closing(dict[str, str]):
    """Headers that close the client while the request is made of them, as another thread may."""

    def __init__(self, client: Client) -> None:
        super().__init__(Accept="*/*")
        self.client = client

    def items(self) -> Any:
        self.client.close()
        return super().items()


def test_a_client_that_is_closed_while_it_asks_says_so(client: Client) -> None:
    with pytest.raises(Unavailable) as refusal:
        client._connection.request("GET", "health", headers=Closing(client))

    assert refusal.value.code == "closed"


def test_a_client_that_is_closed_while_it_begins_to_follow_says_so(client: Client) -> None:
    asked = client._connection.stream("GET", "jobs/sft-0/events", headers=Closing(client))
    with pytest.raises(Unavailable) as refusal, asked:
        pass

    assert refusal.value.code == "closed"


def test_no_representation_shows_the_token(client: Client, running_server: Any) -> None:
    shown = [client, client._connection, client._connection.server, client.jobs, client.artifacts, client.endpoints]

    assert running_server.token not in " ".join(map(repr, shown))


def test_a_problem_is_raised_as_the_error_it_was(client: Client) -> None:
    with pytest.raises(NotFound) as refusal:
        client.jobs["sft-nowhere"]

    assert "sft-nowhere" in refusal.value.message


def test_wrong_parameters_are_named_field_by_field(client: Client, served_notebook: Notebooks) -> None:
    path = served_notebook("print(rows)", parameters="rows: int = 3")

    with pytest.raises(InvalidInput) as refusal:
        client.run(path, {"rows": "many"})

    assert [field["name"] for field in refusal.value.details["fields"]] == ["rows"]
    assert client.jobs.list() == []


def test_importing_modelops_does_not_bring_the_client_along() -> None:
    probe = "import sys, modelops; print('httpx' in sys.modules or 'anywidget' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_preflight_says_whether_a_job_can_run(client: Client, served_notebook: Notebooks) -> None:
    path = served_notebook("print(rows)", parameters="rows: int = 3")

    assert client.preflight(path, {"rows": 4})["ready"] is True
    assert client.preflight(path, {"rows": "many"})["ready"] is False


def test_templates_have_the_schema_of_their_form(client: Client, served_notebook: Notebooks) -> None:
    assert "sft" in [template["name"] for template in client.templates.list()]
    assert "base_model" in client.templates["sft"]["schema"]["properties"]
    assert "rows" in client.templates.get(served_notebook(parameters="rows: int = 3"))["schema"]["properties"]
