"""Kernels, and whether JupyterLab would load the extensions: read from files, no server is started."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_config_path, jupyter_path

from modelops.machine.finding import Finding
from modelops.paths import checkout

SERVER_EXTENSION = "modelops_server"
LAB_EXTENSION = "jupyterlab-modelops"
_IMPORTS = "import importlib.util as u, sys; sys.exit(not (u.find_spec('modelops') and u.find_spec('ipykernel')))"


def kernels() -> Iterator[Finding]:
    """Every kernel: whether its program exists, and whether a Python one can import this package."""
    specifications = kernel_specifications()
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(lambda item: _kernel(*item), sorted(specifications.items()))
    if "python3" not in specifications:
        yield Finding(
            "kernels",
            "python3",
            "missing",
            "no kernel of this name",
            needed_for="running templates",
            mend=f"{sys.executable} -m ipykernel install --sys-prefix",
            required=True,
        )


def kernel_specifications() -> dict[str, dict[str, Any]]:
    """Kernel name -> its ``kernel.json``; the first folder of Jupyter's path that has a name wins."""
    found: dict[str, dict[str, Any]] = {}
    for folder in jupyter_path("kernels"):
        for file in sorted(Path(folder).glob("*/kernel.json")):
            try:
                specification = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                specification = {}
            found.setdefault(file.parent.name, specification if isinstance(specification, dict) else {})
    return found


def extensions() -> Iterator[Finding]:
    """The server extension and the JupyterLab extension."""
    enabled = find_spec(SERVER_EXTENSION) is not None and _server_extension_enabled()
    yield Finding(
        "jupyter",
        "server extension",
        "ok" if enabled else "missing",
        "enabled" if enabled else "not enabled",
        needed_for="panels in JupyterLab",
        mend="" if enabled else f"jupyter server extension enable --sys-prefix {SERVER_EXTENSION}",
    )
    version = _lab_extension_version()
    root = checkout()
    build = f"make -C {root} install" if root else f"{sys.executable} -m pip install --force-reinstall {LAB_EXTENSION}"
    yield Finding(
        "jupyter",
        "JupyterLab extension",
        "ok" if version else "missing",
        f"version {version}" if version else "not installed",
        needed_for="panels in JupyterLab",
        mend="" if version else build,
    )


def _kernel(name: str, specification: dict[str, Any]) -> Finding:
    argv = specification.get("argv")
    program = str(argv[0]) if isinstance(argv, list) and argv else ""
    required = name == "python3"
    # Jupyter starts "python" of a kernel in its own environment with the interpreter that runs the server.
    own = program in ("python", "python3", f"python3.{sys.version_info.minor}", sys.executable)
    path = sys.executable if own else shutil.which(program) if program else None
    detail = str(specification.get("display_name", name))
    remedy = ""
    if path is None:
        detail = f"{program or 'its kernel.json'} cannot be started"
        remedy = f"jupyter kernelspec remove {name}"
    elif specification.get("language", "python") == "python" and not _can_run(path):
        detail += f": {path} lacks modelops or ipykernel"
        remedy = f"{path} -m pip install {LAB_EXTENSION}"
    return Finding("kernels", name, "missing" if remedy else "ok", detail, "running templates", remedy, required)


def _can_run(python: str) -> bool:
    if python == sys.executable:
        return find_spec("ipykernel") is not None
    if not Path(python).name.startswith("python"):
        return True  # a launcher of its own, such as conda's: only starting it would tell
    try:
        answer = subprocess.run([python, "-c", _IMPORTS], capture_output=True, timeout=2, check=False)
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.returncode == 0


def _server_extension_enabled() -> bool:
    # Jupyter merges these files; the folders that come first overrule the later ones.
    for folder in jupyter_config_path():
        files = [
            Path(folder, "jupyter_server_config.json"),
            *sorted(Path(folder).glob("jupyter_server_config.d/*.json")),
        ]
        for file in files:
            try:
                extensions = json.loads(file.read_text(encoding="utf-8"))["ServerApp"]["jpserver_extensions"]
                return bool(extensions[SERVER_EXTENSION])
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return False


def _lab_extension_version() -> str | None:
    for folder in jupyter_path("labextensions"):
        try:
            return str(json.loads(Path(folder, LAB_EXTENSION, "package.json").read_text(encoding="utf-8"))["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None
