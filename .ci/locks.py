"""Print the part of an environment's lock file for a package: the files of the version on PyPI, and the largest size.

Wheels for Python 3.11 and newer on Linux and macOS; source distributions of packages that have no such wheel.

python .ci/locks.py llmcompressor==0.14.0.1 llama-cpp-python==0.3.36
"""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
from packaging.requirements import Requirement
from packaging.tags import Tag
from packaging.utils import parse_sdist_filename, parse_wheel_filename

_SIMPLE = "https://pypi.org/simple"


def part(requirement: Requirement) -> str:
    """The TOML of one package."""
    (version,) = (str(item.version) for item in requirement.specifier)
    answer = httpx.get(
        f"{_SIMPLE}/{requirement.name}/", headers={"Accept": "application/vnd.pypi.simple.v1+json"}, timeout=60
    ).raise_for_status()
    files = [file for file in answer.json()["files"] if _version(file["filename"]) == version]
    files = [file for file in files if _usable(file["filename"])] or files
    hashes = "\n".join(f'  "{file["hashes"]["sha256"]}",' for file in files)
    return "\n".join(
        [
            "[[package]]",
            f'name = "{requirement.name}"',
            f'version = "{version}"',
            f"download = {max(file['size'] for file in files):_}",
            f"sha256 = [\n{hashes}\n]",
        ]
    )


def _version(file: str) -> str | None:
    try:
        return str((parse_sdist_filename(file) if file.endswith((".gz", ".zip")) else parse_wheel_filename(file))[1])
    except ValueError:
        return None  # an egg or an installer


def _usable(file: str) -> bool:
    return file.endswith(".whl") and any(_fits(tag) for tag in parse_wheel_filename(file)[3])


def _fits(tag: Tag) -> bool:
    python, known = tag.interpreter, tag.platform == "any" or tag.platform.startswith(("manylinux", "macosx"))
    if python.startswith("cp3") and tag.abi == "abi3":
        return known
    return known and (python == "py3" or (tag.abi == python and python.startswith("cp3") and int(python[3:]) >= 11))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(f"Usage: python {Path(sys.argv[0]).name} NAME==VERSION…")
    print("\n\n".join(part(Requirement(argument)) for argument in sys.argv[1:]))
