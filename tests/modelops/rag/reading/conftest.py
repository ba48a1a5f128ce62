"""Documents of every format, made as they are needed, and a server that sends them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from modelops.rag.documents import Document
from modelops.rag.reading import ReadingLimits
from modelops.rag.reading.parsing import parse
from modelops.rag.reading.reasons import NotRead

Write = Callable[[str, bytes | str], Path]
Read = Callable[..., Document]
Refusal = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file below the folder ``documents``."""

    def write(name: str, content: bytes | str) -> Path:
        path = tmp_path / "documents" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def read() -> Read:
    """Parse bytes as a file of this name, in this process."""

    def read(name: str, content: bytes | str, limits: ReadingLimits | None = None, **said: Any) -> Document:
        raw = content if isinstance(content, bytes) else content.encode()
        return parse(name, raw, limits or ReadingLimits(), name=name, **said)

    return read


@pytest.fixture
def refusal(read: Read) -> Refusal:
    """The code of the reason for which bytes are not read."""

    def refusal(name: str, content: bytes | str, limits: ReadingLimits | None = None, **said: Any) -> str:
        with pytest.raises(NotRead) as caught:
            read(name, content, limits, **said)
        assert str(caught.value)[0].isupper()
        assert str(caught.value).endswith(".")
        return caught.value.reason.value

    return refusal


@pytest.fixture
def pdf() -> Callable[..., bytes]:
    """A PDF with these texts, one on each page."""

    def pdf(*pages: str, password: str = "", title: str = "") -> bytes:
        from fpdf import FPDF

        made = FPDF()
        made.set_font("Helvetica", size=11)
        made.set_title(title)
        for page in pages:
            made.add_page()
            made.multi_cell(0, 6, page)
        if password:
            made.set_encryption(owner_password=f"{password}-owner", user_password=password)
        return bytes(made.output())

    return pdf


class Site:
    """A server on this machine; ``pages`` maps paths to (status, headers, body)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.seen: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.seen.append({"path": self.path, **{name.lower(): value for name, value in self.headers.items()}})
                status, headers, body = site.pages.get(self.path, (404, {}, b""))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
