"""A real JupyterHub on loopback: its proxy, two users, and a server for each, with a state home of its own."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PROXY = ["node", str(Path(__file__).parents[2] / "node_modules/configurable-http-proxy/bin/configurable-http-proxy")]

CONFIGURATION = """
import sys
c = get_config()
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = {proxy!r}
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {folder!r} + "/{{username}}"
c.SimpleLocalProcessSpawner.interrupt_timeout = 1  # a Jupyter server asks back when it is interrupted
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--ServerApp.jpserver_extensions={{'modelops_server': True}}"]
c.Spawner.environment = {{
    "MODELOPS_HOME": lambda spawner: {folder!r} + "/" + spawner.user.name + "/modelops",
    "JUPYTERHUB_ACTIVITY_INTERVAL": "1",
}}
c.JupyterHub.services = [{{"name": "tests", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "tests", "services": ["tests"], "scopes": ["admin:users", "admin:servers", "tokens"]}}
]
"""


class User:
    """Somebody with a server behind the proxy."""

    def __init__(self, name: str, address: str, token: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.token = token
        self.path = f"/user/{name}/"
        self.address = f"{address}/user/{name}"
        self.client = self.at(self)

    def at(self, other: User) -> httpx.Client:
        """The API of somebody's server, asked as this user."""
        return httpx.Client(
            base_url=f"{other.address}/modelops/api/v1", headers={"Authorization": f"token {self.token}"}, timeout=30
        )


class Hub:
    """The Hub's own API, asked as an administrator."""

    def __init__(self, address: str, token: str, folder: Path) -> None:
        self._address = address
        self._folder = folder
        self.client = httpx.Client(
            base_url=f"{address}/hub/api", headers={"Authorization": f"token {token}"}, timeout=30
        )

    def user(self, name: str) -> User:
        """Make a user, and start a server for it."""
        folder = self._folder / name
        folder.mkdir()
        self.client.post(f"/users/{name}").raise_for_status()
        token = self.client.post(f"/users/{name}/tokens").raise_for_status().json()["token"]
        self.client.post(f"/users/{name}/server").raise_for_status()
        return User(name, self._address, token, folder)

    def server(self, name: str) -> dict[str, Any]:
        """What the Hub knows of a user's server."""
        servers = self.client.get(f"/users/{name}").raise_for_status().json()["servers"]
        return dict(servers.get("", {}))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A Hub that answers."""
    folder = tmp_path_factory.mktemp("hub")
    token = secrets.token_hex(16)
    public, hub, api = _free_ports(3)
    (folder / "jupyterhub_config.py").write_text(
        CONFIGURATION.format(public=public, hub=hub, api=api, proxy=PROXY, folder=str(folder), token=token)
    )
    with (folder / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config", "jupyterhub_config.py"],
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        found = Hub(f"http://127.0.0.1:{public}", token, folder)
        wait(lambda: _answers(found.client))
        yield found
    finally:
        process.send_signal(signal.SIGTERM)  # ends proxy and servers, too
        try:
            process.wait(timeout=30)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def users(hub: Hub) -> tuple[User, User]:
    """Two users whose servers are up."""
    users = hub.user("ada"), hub.user("grace")
    for user in users:
        wait(lambda user=user: hub.server(user.name).get("ready"))  # type: ignore[misc]
    return users


def wait(condition: Callable[[], Any], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/").status_code == 200
    except httpx.TransportError:
        return False


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
