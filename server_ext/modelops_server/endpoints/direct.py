"""A connection to an endpoint's engine itself, for who may read its key: its owner."""

from __future__ import annotations

from pathlib import Path

import httpx

from modelops_server.endpoints.endpoint import Endpoint
from modelops_server.endpoints.refusals import engine_gone, not_ready
from modelops_server.endpoints.sockets import CONNECT, engine_api

_NO_KEEPING = httpx.Limits(max_keepalive_connections=0)
"""Every connection is one request: an engine may end one that waits for the next just when it comes, and one that is
replaced ends when there are none."""


def engine_client(endpoint: Endpoint, timeout: float = 600.0) -> httpx.AsyncClient:
    """A client whose base is the engine's ``/v1``, which may be silent for ``timeout`` seconds.

    Raises ``Conflict`` or ``Unavailable`` where no engine runs.
    """
    if not endpoint.ready or endpoint.status.socket is None:
        raise not_ready(endpoint)
    socket = Path(endpoint.status.socket)
    try:
        api = engine_api(socket)
    except OSError as error:
        raise engine_gone(endpoint.name) from error
    transport = httpx.AsyncHTTPTransport(uds=str(socket), limits=_NO_KEEPING)
    return httpx.AsyncClient(transport=transport, timeout=httpx.Timeout(timeout, connect=CONNECT), **api)
