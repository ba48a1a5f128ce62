"""An engine process that serves a model, as the keeper of an endpoint starts it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx


class Engine:
    """A running engine process, asked over its socket."""

    def __init__(self, folder: Path, model: Path, **options: Any) -> None:
        self.socket = folder / "engine.sock"
        self.log = folder / "engine.log"
        assignment = {"model": str(model), "name": "tiny", "socket": str(self.socket), "key": "secret", **options}
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelops_server.endpoints.engines.transformers"],
            stdin=subprocess.PIPE,
            stderr=self.log.open("wb"),
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(assignment).encode() + b"\n")
        self.process.stdin.close()
        self.client = self.connect()
        deadline = time.monotonic() + 120
        while not self._answers():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the engine did not start"
            time.sleep(0.05)

    def connect(self) -> httpx.Client:
        """A client of its own, with the key."""
        headers = {"Authorization": "Bearer secret"}
        transport = httpx.HTTPTransport(uds=str(self.socket))
        return httpx.Client(transport=transport, base_url="http://engine", headers=headers, timeout=60)

    def post(self, path: str, **body: Any) -> httpx.Response:
        """Ask for something; ``model`` is the model itself unless it is given."""
        return self.client.post(f"/v1/{path}", json={"model": "tiny", **body})

    def chat(self, question: str, **body: Any) -> dict[str, Any]:
        """The likeliest answer to a question, and what is said of it."""
        response = self.post("chat/completions", **asking(question, **body))
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def say(self, question: str, **body: Any) -> str:
        """The text of the likeliest answer."""
        return str(self.chat(question, **body)["choices"][0]["message"]["content"])

    def stream(self, path: str, **body: Any) -> list[dict[str, Any]]:
        """The chunks of a streamed answer; the end mark is checked."""
        *events, end, nothing = self.post(path, stream=True, **body).text.split("\n\n")
        assert (end, nothing) == ("data: [DONE]", "")
        return [json.loads(event.removeprefix("data: ")) for event in events]

    def stream_error(self, path: str, **body: Any) -> dict[str, Any]:
        """What a streamed answer that fails ends with."""
        *_, last, nothing = self.post(path, stream=True, **body).text.split("\n\n")
        assert nothing == ""
        error: dict[str, Any] = json.loads(last.removeprefix("data: "))["error"]
        return error

    def stop(self) -> None:
        """End the process."""
        self.client.close()
        self.process.terminate()
        self.process.wait(timeout=30)

    def _answers(self) -> bool:
        try:
            return self.client.get("/health").status_code == 200
        except httpx.TransportError:
            return False


def asking(question: str, **body: Any) -> dict[str, Any]:
    """The body of a request for the likeliest answer to a question."""
    return {"messages": [{"role": "user", "content": question}], "temperature": 0, **body}
