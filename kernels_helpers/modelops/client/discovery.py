"""Which Jupyter server to talk to: the one that is named, this kernel's own, or one that runs on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

from modelops.errors import InvalidInput

URL = "MODELOPS_URL"
TOKEN = "MODELOPS_TOKEN"  # noqa: S105 -- the name of a variable

_EVERY_INTERFACE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "[::1]"}  # noqa: S104 -- read, not bound
_PAGES = ("/lab", "/tree", "/notebooks", "/doc")
"""What follows a server's base URL where it was copied from a browser."""


@dataclass(frozen=True)
class Server:
    """A Jupyter server: its base URL with a trailing slash, and the token, which is never shown."""

    url: str
    token: str = field(default="", repr=False)
    found: str = "named"
    """How it was found, in words."""
    local: bool = False
    """Whether it is on this machine, where no proxy must see the token."""
    guessed: bool = False
    """Whether nothing says that it is the one that is meant: it just runs on this machine."""


def candidates(environment: Mapping[str, str] = os.environ, runtime: Path | None = None) -> Iterator[Server]:
    """The servers that may be meant, the likeliest first.

    A server that the environment names, or that started this kernel, is the only candidate: another one would run jobs
    where nobody looks for them.
    """
    if named := environment.get(URL):
        yield named_server(named, environment.get(TOKEN), f"named by ${URL}")
        return
    if hub := _hub_server(environment):
        yield hub
        return
    running = list(_running_servers(runtime or _runtime_folder()))
    parent = environment.get("JPY_PARENT_PID")
    for server, facts in running:
        if parent is not None and str(facts["pid"]) == parent:
            yield Server(server.url, server.token, "started this kernel", local=True)
            return
    here = Path(environment.get("JPY_SESSION_NAME") or Path.cwd()).absolute()
    running.sort(key=lambda item: (_depth(item[1], here), item[1]["started"]), reverse=True)
    for server, _ in running:
        yield server


def named_server(url: str, token: str | None, found: str = "named") -> Server:
    """The server at an address as people copy it: with or without a page, and perhaps with the token in its query."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(
            "invalid_url", "The server's address is not an http or https URL.", "Such as http://127.0.0.1:8888/."
        )
    path = parts.path
    for page in _PAGES:
        path = path.removesuffix("/").removesuffix(page) if path.removesuffix("/").endswith(page) else path
    in_query = parse_qs(parts.query).get("token", [""])[0]
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return Server(_base(parts.scheme, parts.netloc, path), token or in_query, found, local)


def _hub_server(environment: Mapping[str, str]) -> Server | None:
    """The single-user server of a JupyterHub, whose kernels inherit its address and a token that may access it."""
    url, token = environment.get("JUPYTERHUB_SERVICE_URL"), environment.get("JUPYTERHUB_API_TOKEN")
    if not url or not token:
        return None
    parts = urlsplit(url)
    path = environment.get("JUPYTERHUB_SERVICE_PREFIX") or parts.path
    return Server(_base(parts.scheme, _reachable(parts.hostname, parts.port), path), token, "of this JupyterHub", True)


def _running_servers(folder: Path) -> Iterator[tuple[Server, dict[str, Any]]]:
    """Servers of this user that have left their address in Jupyter's runtime folder and whose process lives."""
    import psutil

    for file in sorted(folder.glob("jpserver-*.json")):
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
            facts["started"] = file.stat().st_mtime
            parts = urlsplit(facts["url"])
            server = Server(
                _base(parts.scheme, _reachable(parts.hostname, parts.port), parts.path),
                facts.get("token") or "",
                f"runs in {facts['root_dir']}",
                local=True,
                guessed=True,
            )
            if parts.scheme in {"http", "https"} and psutil.pid_exists(int(facts["pid"])):
                yield server, facts
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # half written, or left behind by another program


def _depth(facts: dict[str, Any], here: Path) -> int:
    """How deep below the file system's root the server's folder is, where ``here`` lies in it; 0 where it does not."""
    root = Path(facts["root_dir"])
    return len(root.parts) if here.is_relative_to(root) else 0


def _runtime_folder() -> Path:
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def _reachable(host: str | None, port: int | None) -> str:
    host = _EVERY_INTERFACE.get(host or "", host or "")
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{host}:{port}" if port else host


def _base(scheme: str, netloc: str, path: str) -> str:
    return urlunsplit((scheme, netloc, path.rstrip("/") + "/", "", ""))
