"""A lock of two small distributions that lie in a folder, and a data folder of Jupyter's own for kernelspecs."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from modelops.paths import StateHome

_BACKEND = """
import os, pathlib
def prepare_metadata_for_build_wheel(folder, settings=None):
    place = pathlib.Path(folder, "converter-2.0.dist-info")
    place.mkdir()
    (place / "METADATA").write_text("Metadata-Version: 2.1\\nName: converter\\nVersion: 2.0\\n")
    return place.name
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from, and no other place: ``greeting`` as a wheel, ``converter`` as a source."""
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "greeting-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("greeting.py", "WORD = 'hello'\n")
        wheel.writestr("greeting-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr("greeting-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("greeting-1.0.dist-info/RECORD", "")
    files = {
        "pyproject.toml": "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n",
        "backend.py": _BACKEND,
        "vendor/tool/convert.py": "print('converted')\n",
        "vendor/tool/notes.txt": "not kept\n",
    }
    with tarfile.open(folder / "converter-2.0.tar.gz", "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"converter-2.0/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return folder


@pytest.fixture
def lock(home: StateHome, index: Path) -> Callable[..., Path]:
    """Writes the lock file of the environment ``small``; keyword arguments replace lines of it."""

    def write(*, digest: str | None = None, extra: str = "", imports: str = '["greeting", "modelops"]') -> Path:
        digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(index.iterdir())]
        home.locks.mkdir(parents=True, exist_ok=True)
        path = home.locks / "small.toml"
        path.write_text(
            f"""
title = "Small"
summary = "For tests."
python = ">=3.11"
imports = {imports}
disk = 1000
minutes = 0.1
{extra}

[[package]]
name = "greeting"
version = "1.0"
download = 1000
sha256 = ["{digest or digests[1]}"]

[[source]]
name = "converter"
version = "2.0"
download = 1000
sha256 = ["{digests[0]}"]
keep = ["vendor/tool/*.py"]
strip = "vendor"
"""
        )
        return path

    return write
