"""What a kernel's Python had installed when a job ran: one line per distribution, for the record and its digest."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from modelops.files import write_atomic

FILE = "environment.txt"

_LIST = (
    "import importlib.metadata as metadata, platform\n"
    "names = {f'{item.name}=={item.version}' for item in metadata.distributions() if item.name}\n"
    "text = '\\n'.join([f'# Python {platform.python_version()} on {platform.platform()}', *sorted(names, key=str.lower)])"
)


def write_environment(folder: Path, python: str | None, kernel: str) -> str:
    """Write ``environment.txt`` into a job's folder; return its SHA-256. ``python`` is ``None`` for other languages."""
    if python is None:
        text = f"# kernel {kernel}: not Python, its packages are unknown"
    elif os.path.samefile(python, sys.executable):
        scope: dict[str, str] = {}
        exec(_LIST, scope)
        text = scope["text"]
    else:
        program = _LIST + "\nprint(text)"
        text = subprocess.run(
            [python, "-c", program], capture_output=True, text=True, timeout=120, check=True, stdin=subprocess.DEVNULL
        ).stdout.strip()
    content = text.encode() + b"\n"
    write_atomic(folder / FILE, content)
    return hashlib.sha256(content).hexdigest()
