"""A served tiny model behind a real Jupyter server, for clients that are not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_endpoint import register_gguf, serving
from tiny_gguf import tiny_gguf

from modelops import Client
from modelops.client import Endpoint

__all__ = ["tiny_gguf"]

NAME = "talker"


@pytest.fixture(scope="module")
def endpoint(running_server: Any, tiny_gguf: Path) -> Iterator[Endpoint]:
    """An endpoint that is ready; ``endpoint.openai`` says where."""
    register_gguf(running_server.home, tiny_gguf, NAME)
    with Client(running_server.url, running_server.token) as client, serving(client, NAME, context=512) as started:
        yield started
