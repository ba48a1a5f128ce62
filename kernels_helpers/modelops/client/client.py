"""The client: `modelops.Client()` in any notebook or script."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from modelops.client.artifacts import Artifacts
from modelops.client.connection import OPENAI, Connection, connect
from modelops.client.discovery import named_server
from modelops.client.endpoints import Endpoints
from modelops.client.indexes import Indexes
from modelops.client.jobs import Job, Jobs
from modelops.errors import Unavailable


class Client:
    """A running Jupyter server with ModelOps.

    Without arguments it finds the server that runs this kernel, also under a JupyterHub, or else one that runs on this
    machine; ``$MODELOPS_URL`` and ``$MODELOPS_TOKEN`` name another one. Raises ``Unavailable`` where there is none.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, timeout: float = 30.0) -> None:
        """Connect to the server at ``url``, or find one; ``timeout`` is in seconds, for each request."""
        self._connection, self._health = connect(named_server(url, token) if url else None, timeout)
        self.jobs = Jobs(self._connection)
        self.artifacts = Artifacts(self._connection)
        self.templates = Templates(self._connection)
        # Each answer comes over a connection of its own, so that it can be broken off.
        self._openai = Connection(self._connection.server, timeout, OPENAI, kept=0)
        self.endpoints = Endpoints(self._connection, self._openai)
        self._streams = Connection(self._connection.server, timeout, kept=0)
        self.indexes = Indexes(self._connection, self._streams)

    def __repr__(self) -> str:
        server = self._connection.server
        return f"<Client of {server.url} ({server.found}), ModelOps {self._health['version']}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The base URL of the Jupyter server."""
        return self._connection.server.url

    def health(self) -> dict[str, Any]:
        """How the server is: ``status``, ``version``, ``state_home``, ``free_bytes``."""
        return dict(self._connection.get("health"))

    def run(
        self,
        template: str | Path,
        parameters: Mapping[str, Any] | None = None,
        wait: bool = False,
        **options: Any,
    ) -> Job:
        """Queue a job that executes a template, or a notebook by its path, and with ``wait`` return when it has ended.

        ``options``: ``name executor kernel priority after resources options``, as the REST API takes them. Raises
        ``InvalidInput`` with ``fields`` when parameters are wrong; then nothing is queued.
        """
        body = submission(template, parameters, **options)
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        try:
            record = self._connection.post("jobs", body, **headers)
        except Unavailable as error:
            if error.code != "unreachable":
                raise
            # Whether it arrived cannot be known; under the same key it is queued once.
            record = self._connection.post("jobs", body, **headers)
        job = Job(self._connection, record)
        return job.wait() if wait else job

    def preflight(
        self, template: str | Path, parameters: Mapping[str, Any] | None = None, **options: Any
    ) -> dict[str, Any]:
        """Whether this job can run here: ``ready``, ``checks`` with reasons and mends, ``fields``, ``estimate`` …"""
        return dict(self._connection.post("preflight", submission(template, parameters, **options)))

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._connection.close()
        self._openai.close()
        self._streams.close()


class Templates:
    """What can be run: ``client.templates["sft"]``, ``client.templates.list()``."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __repr__(self) -> str:
        return f"<templates of {self._connection.server.url}>"

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.get(name)

    def get(self, template: str | Path) -> dict[str, Any]:
        """A template, or a notebook by its path, with the JSON Schema of its parameters; raises ``NotFound``."""
        name = _named(template)
        if name.endswith(".ipynb"):
            return dict(self._connection.post("templates/inspect", {"path": name}))
        return dict(self._connection.get(f"templates/{quote(name, safe='')}"))

    def list(self) -> list[dict[str, Any]]:
        """Every template that can be run by name."""
        found: Sequence[dict[str, Any]] = self._connection.get("templates")["templates"]
        return list(found)


def submission(template: str | Path, parameters: Mapping[str, Any] | None, **options: Any) -> dict[str, Any]:
    """The body of a request for a job."""
    given = {key: value for key, value in options.items() if value is not None}
    return {"template": _named(template), "parameters": dict(parameters or {}), **given}


def _named(template: str | Path) -> str:
    """A notebook beside this one is named by its whole path: the server starts from a folder of its own."""
    text = str(template)
    return str(Path(text).absolute()) if text.endswith(".ipynb") and Path(text).is_file() else text
