"""An endpoint that answers what a test wants, as slowly as it wants, over HTTP as a Jupyter server does."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from modelops.client import Endpoint
from modelops.client.connection import Connection
from modelops.client.discovery import Server


class ScriptedEndpoint(Endpoint):
    """Says ``pieces`` one after the other and waits before each for ``pause`` s; ``asked`` is what it was sent.

    ``hung_up`` is set when a reader left before the end. A client finds it at ``url`` as the only endpoint, or as
    each of ``names``.
    """

    def __init__(self, pieces: Sequence[str], pause: float = 0.0) -> None:
        self.pieces = pieces
        self.pause = pause
        self.names = ["scripted"]
        self.asked: list[dict[str, Any]] = []
        self.hung_up = threading.Event()
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                name = self.path.rpartition("/")[2]
                records = {name: {**scripted.record, "name": name} for name in scripted.names}
                listed = {"endpoints": list(records.values())}
                told = {"health": {"version": "test"}, "endpoints": listed, **records}.get(name)
                content = json.dumps(told or {"code": "unknown_endpoint", "detail": f"No endpoint {name}."}).encode()
                self.send_response(200 if told else 404)
                self.send_header("Content-Type", "application/json" if told else "application/problem+json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self) -> None:
                scripted.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                last = {"delta": {}, "finish_reason": "stop"}
                for choice in [*({"delta": {"content": piece}} for piece in scripted.pieces), last]:
                    ended.wait(scripted.pause)
                    try:
                        self.wfile.write(f"data: {json.dumps({'choices': [choice]})}\n\n".encode())
                    except OSError:
                        scripted.hung_up.set()
                        return
                self.wfile.write(b"data: [DONE]\n\n")

            def log_message(self, *args: Any) -> None:
                """Say nothing."""

        ended = self._ended = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        openai = Connection(Server(self.url), 10, kept=0)
        super().__init__(
            openai, openai, {"name": "scripted", "ref": "scripted@1", "state": "ready", "task": "generate"}
        )

    def close(self) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
