"""A client of a real server, and notebooks that it can run."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tiny_gguf import tiny_gguf

from modelops import Client

__all__ = ["tiny_gguf"]


@pytest.fixture
def client(running_server: Any) -> Iterator[Client]:
    with Client(running_server.url, running_server.token) as client:
        yield client


@pytest.fixture
def served_notebook(running_server: Any) -> Callable[..., Path]:
    """Writes a notebook below the server's root; ``parameters`` is the source of its parameters cell."""

    def write(*sources: str, parameters: str = "", name: str = "notebook", **modelops: Any) -> Path:
        cells = [new_code_cell(parameters, metadata={"tags": ["parameters"]})] if parameters else []
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        document = new_notebook(
            cells=[*cells, *map(new_code_cell, sources)], metadata={**metadata, "modelops": modelops}
        )
        path: Path = running_server.root / f"{name}.ipynb"
        nbformat.write(document, path)
        return path

    return write


class BreakingProxy:
    """Hands bytes on to a server, and cuts every connection off after a third of a second."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._hand_on, args=(source, target), daemon=True).start()
            threading.Timer(0.3, self._cut, (near, far)).start()

    def _cut(self, *ends: socket.socket) -> None:
        self.cuts += 1
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    @staticmethod
    def _hand_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(1 << 16):
                target.sendall(content)


@pytest.fixture
def breaking(running_server: Any) -> Iterator[BreakingProxy]:
    """A proxy before the server whose connections break."""
    proxy = BreakingProxy(urlsplit(running_server.url).port)
    yield proxy
    proxy.close()
