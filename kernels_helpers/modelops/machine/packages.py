"""Python and the packages of each feature, as the project's own metadata declares them."""

from __future__ import annotations

import platform
import shutil
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from modelops.machine.finding import Finding
from modelops.machine.hardware import nvidia_gpus
from modelops.paths import checkout

DISTRIBUTION = "jupyterlab-modelops"
FEATURES = {
    "": "everything",
    "train": "fine-tuning and merging",
    "quantize": "quantizing",
    "rag": "indexes and retrieval",
    "serve": "endpoints for GGUF models",
    "ray": "running jobs on a Ray cluster",
}
MINIMUM_PYTHON = (3, 11)


def python() -> Iterator[Finding]:
    """The interpreter that this runs in."""
    enough = sys.version_info >= MINIMUM_PYTHON
    yield Finding(
        "python",
        "Python",
        "ok" if enough else "missing",
        f"{platform.python_version()} at {sys.executable}",
        needed_for="everything",
        mend="" if enough else f"Install Python {'.'.join(map(str, MINIMUM_PYTHON))} or newer.",
        required=True,
    )


def extras() -> Iterator[Finding]:
    """For the base and each extra: the packages with their versions, or those that are missing or too old."""
    for extra, requirements in declared().items():
        if extra not in FEATURES:
            continue
        found = [(requirement, installed(requirement.name)) for requirement in requirements]
        wanting = [
            f"{requirement.name} {version} (needs {requirement.specifier})" if version else requirement.name
            for requirement, version in found
            if not satisfied(requirement, version)
        ]
        package = f"{DISTRIBUTION}[{extra}]" if extra else DISTRIBUTION
        yield Finding(
            "packages",
            extra or "base",
            "missing" if wanting else "ok",
            f"without {', '.join(wanting)}"
            if wanting
            else ", ".join(f"{need.name} {version}" for need, version in found),
            needed_for=FEATURES[extra],
            mend=_install(package, extra) if wanting else "",
            required=extra in ("", "train"),
        )


def accelerated() -> Iterator[Finding]:
    """Packages that make training smaller or faster, and none of which the main job needs."""
    yield _optional("bitsandbytes", "4-bit base models (method=qlora)", f"pip install '{DISTRIBUTION}[train]'")
    yield _optional("deepspeed", "ZeRO and offloading", "DS_BUILD_OPS=0 pip install deepspeed")
    if nvidia_gpus():
        yield _optional(
            "flash-attn", "faster attention on long sequences", "pip install flash-attn --no-build-isolation"
        )
    else:
        yield Finding(
            "packages",
            "flash-attn",
            "unavailable",
            "needs an NVIDIA GPU; torch's own attention (sdpa) is used instead",
            needed_for="faster attention on long sequences",
        )


def declared() -> dict[str, list[Requirement]]:
    """The requirements of the base (``""``) and of each extra.

    A checkout's ``pyproject.toml`` comes first: an editable install keeps the metadata of the day it was made.
    """
    root = checkout()
    if root is not None:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        lists = {"": project["dependencies"], **project.get("optional-dependencies", {})}
        return {extra: [need for need in _parse(lines) if _applies(need, "")] for extra, lines in lists.items()}
    return declared_by_distribution()


def declared_by_distribution() -> dict[str, list[Requirement]]:
    """The requirements as an installed wheel's metadata declares them; empty where none is installed."""
    try:
        requirements = _parse(metadata.requires(DISTRIBUTION) or [])
        extras = metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return {}
    base = [need for need in requirements if _applies(need, "")]
    return {
        "": base,
        **{extra: [need for need in requirements if need not in base and _applies(need, extra)] for extra in extras},
    }


def installed(name: str) -> str | None:
    """The installed version of a distribution, without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def satisfied(requirement: Requirement, version: str | None) -> bool:
    """Whether an installed version meets a requirement; a local build such as ``2.13.0+cpu`` counts as its release."""
    return version is not None and requirement.specifier.contains(version, prereleases=True)


def _parse(lines: list[str]) -> list[Requirement]:
    requirements = []
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # another installer's extension; pip judges it when it installs
        if requirement.name != DISTRIBUTION:
            requirements.append(requirement)
    return requirements


def _applies(requirement: Requirement, extra: str) -> bool:
    """Whether a requirement counts on this platform when ``extra`` is asked for."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def _optional(name: str, needed_for: str, mend: str) -> Finding:
    version = installed(name)
    return Finding(
        "packages",
        name,
        "ok" if version else "missing",
        version or "not installed",
        needed_for,
        "" if version else mend,
    )


def _install(package: str, extra: str) -> str:
    root = checkout()
    target = f"-e '{root}[{extra}]'" if root and extra else f"-e '{root}'" if root else f"'{package}'"
    installer = "uv pip" if shutil.which("uv") and installed("pip") is None else f"{sys.executable} -m pip"
    return f"{installer} install {target}"
