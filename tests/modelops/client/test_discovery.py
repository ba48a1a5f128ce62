"""Which server is meant: by name, by the Hub's environment, by the kernel's parent, by the folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.client.discovery import candidates, named_server
from modelops.errors import InvalidInput

Announce = Callable[..., str]


@pytest.fixture
def announce(tmp_path: Path) -> Announce:
    """Leaves a server's address in the runtime folder, as Jupyter does; ``pid`` is a living process by default."""
    (tmp_path / "runtime").mkdir()

    def write(port: int, root: Path, *, pid: int | None = None, host: str = "127.0.0.1", started: float = 0.0) -> str:
        url = f"http://{host}:{port}/"
        facts = {"url": url, "token": f"token-{port}", "root_dir": str(root), "pid": pid or os.getpid()}
        file = tmp_path / "runtime" / f"jpserver-{port}.json"
        file.write_text(json.dumps(facts))
        os.utime(file, (started, started))
        return url

    return write


@pytest.fixture
def find(tmp_path: Path) -> Callable[..., list[Any]]:
    def look(**environment: str) -> list[Any]:
        session = {"JPY_SESSION_NAME": str(tmp_path / "work" / "notebook.ipynb")}
        return list(candidates({**session, **environment}, tmp_path / "runtime"))

    return look


def test_the_environment_names_a_server(announce: Announce, find: Any, tmp_path: Path) -> None:
    announce(1, tmp_path)

    (server,) = find(MODELOPS_URL="https://lab.example.org/user/ada", MODELOPS_TOKEN="secret")

    assert (server.url, server.token, server.local) == ("https://lab.example.org/user/ada/", "secret", False)


def test_under_a_hub_it_is_this_users_server_with_the_token_that_kernels_inherit(find: Any) -> None:
    (server,) = find(
        JUPYTERHUB_SERVICE_URL="http://0.0.0.0:8888/user/ada/",
        JUPYTERHUB_SERVICE_PREFIX="/user/ada/",
        JUPYTERHUB_API_TOKEN="secret",
    )

    assert (server.url, server.token) == ("http://127.0.0.1:8888/user/ada/", "secret")


def test_the_server_that_started_this_kernel_is_the_only_candidate(
    announce: Announce, find: Any, tmp_path: Path
) -> None:
    announce(1, tmp_path / "work")
    parent = announce(2, tmp_path / "elsewhere", pid=os.getppid())

    assert [server.url for server in find(JPY_PARENT_PID=str(os.getppid()))] == [parent]


def test_the_server_whose_folder_holds_the_notebook_comes_first_the_nearest_of_all(
    announce: Announce, find: Any, tmp_path: Path
) -> None:
    newest = announce(1, tmp_path / "elsewhere", started=100.0)
    outer = announce(2, tmp_path)
    inner = announce(3, tmp_path / "work")

    assert [server.url for server in find()] == [inner, outer, newest]


def test_a_server_that_has_died_is_left_out(announce: Announce, find: Any, tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    announce(1, tmp_path, pid=dead.pid)

    assert find() == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 3}', '{"url": "http://a/", "pid": 1}'])
def test_a_file_that_is_not_of_a_server_is_left_out(find: Any, tmp_path: Path, content: str) -> None:
    (tmp_path / "runtime").mkdir()
    (tmp_path / "runtime" / "jpserver-1.json").write_text(content)

    assert find() == []


def test_a_server_on_every_interface_is_asked_on_this_machine(announce: Announce, find: Any, tmp_path: Path) -> None:
    announce(8888, tmp_path, host="0.0.0.0", started=time.time())

    assert [server.url for server in find()] == ["http://127.0.0.1:8888/"]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8888/user/ada",
        "http://127.0.0.1:8888/user/ada/",
        "http://127.0.0.1:8888/user/ada/lab",
        "http://127.0.0.1:8888/user/ada/tree?token=secret",
    ],
)
def test_an_address_may_be_copied_from_a_browser(address: str) -> None:
    assert named_server(address, "secret").url == "http://127.0.0.1:8888/user/ada/"


def test_the_token_may_be_in_the_address() -> None:
    assert named_server("http://127.0.0.1:8888/lab?token=secret", None).token == "secret"


@pytest.mark.parametrize("address", ["127.0.0.1:8888", "file:///etc/passwd", "ftp://a/", ""])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        named_server(address, None)

    assert refusal.value.code == "invalid_url"


def test_a_token_is_never_shown() -> None:
    assert "secret" not in repr(named_server("http://127.0.0.1:8888/?token=secret", None))
