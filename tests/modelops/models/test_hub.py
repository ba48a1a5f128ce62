"""Models from a hub: a real one over HTTP on the loopback, that speaks the endpoints the hub library asks for."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from modelops.errors import InvalidInput
from modelops.models.hub import choose_files
from modelops.models.sources import HubSource
from modelops.paths import StateHome
from modelops.registry import Registry

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODELOPS = str(Path(sys.executable).with_name("modelops"))


@dataclass
class Hub:
    """Serves the files of one repository, ``tiny/llama``, whose branch ``main`` is at one commit."""

    files: dict[str, bytes]
    url: str = ""
    gated: bool = False
    requested: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.requested.append(path)
        if self.hub.gated and path.startswith("/tiny/"):
            return self.reply(b"", 403, {"X-Error-Code": "GatedRepo"})
        revisions = [
            f"/api/models/tiny/llama/{what}/{revision}"
            for what in ("revision", "tree")
            for revision in ("main", COMMIT)
        ]
        if path in {"/api/models/tiny/llama", *revisions[:2]}:
            siblings = [{"rfilename": name} for name in self.hub.files]
            info = {"id": "tiny/llama", "sha": COMMIT, "siblings": siblings, "cardData": {"license": "mit"}, "tags": []}
            return self.reply(json.dumps(info).encode())
        if path in revisions[2:]:
            tree = [
                {"type": "file", "path": name, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for name, content in self.hub.files.items()
            ]
            return self.reply(json.dumps(tree).encode())
        name = path.removeprefix(f"/tiny/llama/resolve/{COMMIT}/")
        if name in self.hub.files:
            content = self.hub.files[name]
            return self.reply(
                content, headers={"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            )
        missing = "RevisionNotFound" if path.startswith("/api/models/tiny/llama/") else "RepoNotFound"
        return self.reply(b'{"error": "not found"}', 404, {"X-Error-Code": missing})

    def reply(self, content: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing: what was asked for is in ``requested``."""


@pytest.fixture
def hub(tiny_model_folder: Path) -> Iterator[Hub]:
    hub = Hub({path.name: path.read_bytes() for path in tiny_model_folder.iterdir()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("HubHandler", (Handler,), {"hub": hub}))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield hub
    server.shutdown()
    server.server_close()


def add(hub: Hub, home: StateHome, source: str) -> tuple[int, dict[str, Any]]:
    """``modelops models add SOURCE`` in a process of its own: the hub library reads its settings when imported."""
    done = subprocess.run(
        [MODELOPS, "models", "add", source, "--name", "tiny", "--no-probe", "--json"],
        env=os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": str(home.root / "hf"), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_repository_is_added_at_the_commit_its_branch_means(
    hub: Hub, home: StateHome, tiny_model_folder: Path
) -> None:
    code, artifact = add(hub, home, "hf:tiny/llama@main")
    assert code == 0
    assert artifact["metadata"]["source"] == "hf:tiny/llama@main"
    assert (artifact["metadata"]["revision"], artifact["metadata"]["licence"]) == (COMMIT, "MIT")
    assert {file["path"] for file in artifact["files"]} == {path.name for path in tiny_model_folder.iterdir()}
    assert Registry(home).verify("tiny@1")


def test_code_and_pickles_are_not_even_downloaded(hub: Hub, home: StateHome) -> None:
    hub.files |= {"modeling.py": b"raise SystemExit", "pytorch_model.bin": b"\x80\x04", "onnx/model.onnx": b"x"}
    code, artifact = add(hub, home, "hf:tiny/llama")
    assert code == 0
    assert not {"modeling.py", "pytorch_model.bin", "onnx/model.onnx"} & {file["path"] for file in artifact["files"]}
    assert not [path for path in hub.requested if path.endswith((".py", ".bin", ".onnx"))]


def test_a_repository_of_pickles_is_refused_before_any_download(hub: Hub, home: StateHome) -> None:
    hub.files["pytorch_model.bin"] = hub.files.pop("model.safetensors")
    assert add(hub, home, "hf:tiny/llama")[1]["code"] == "pickle"
    assert not [path for path in hub.requested if "/resolve/" in path]


def test_a_repository_with_one_gguf_file_is_dequantized(hub: Hub, home: StateHome, tiny_gguf: Path) -> None:
    hub.files = {"tiny.gguf": tiny_gguf.read_bytes(), "README.md": b"# Tiny\n"}
    code, artifact = add(hub, home, "hf:tiny/llama")
    assert code == 0
    assert artifact["metadata"]["architecture"] == "LlamaForCausalLM"
    assert {"model.safetensors", "README.md"} <= {file["path"] for file in artifact["files"]}


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("hf:tiny/nothing", 2, "model_not_found"),
        ("hf:tiny/llama@v9", 2, "revision_not_found"),
    ],
)
def test_what_is_not_there_is_not_found(hub: Hub, home: StateHome, source: str, status: int, code: str) -> None:
    returned, error = add(hub, home, source)
    assert (returned, error["code"]) == (status, code)


def test_a_gated_repository_says_what_to_do(hub: Hub, home: StateHome) -> None:
    hub.gated = True
    returned, error = add(hub, home, "hf:tiny/llama")
    assert (returned, error["code"]) == (2, "gated_model")
    assert "hf auth login" in error["hint"]


def test_a_hub_that_does_not_answer_is_said_to_be_offline(hub: Hub, home: StateHome) -> None:
    hub.url = "http://127.0.0.1:9"
    returned, error = add(hub, home, "hf:tiny/llama")
    assert (returned, error["code"]) == (2, "offline")


def test_one_of_several_gguf_files_must_be_chosen() -> None:
    with pytest.raises(InvalidInput) as refusal:
        choose_files(["a.Q4_0.gguf", "a.Q8_0.gguf", "README.md"], HubSource("org/name", None))
    assert refusal.value.code == "ambiguous_weights"


def test_a_repository_whose_names_lead_outside_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        choose_files(["model.safetensors", "../../.bashrc.json"], HubSource("org/name", None))
    assert refusal.value.code == "invalid_path"
