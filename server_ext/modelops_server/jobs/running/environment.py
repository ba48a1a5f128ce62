"""What a kernel's Python had installed when a job ran: one line per distribution, for the record and its digest."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from modelops.files import write_atomic
from modelops_server.jobs.running.kernels import find_kernel, kernel_python

FILE = "environment.txt"

_LIST = """
import importlib.metadata as metadata, platform
print(f"# Python {platform.python_version()} on {platform.platform()}")
for line in sorted({f"{item.name}=={item.version}" for item in metadata.distributions() if item.name}, key=str.lower):
    print(line)
"""


def list_environment(kernel: str) -> bytes:
    """The content of ``environment.txt`` for a kernel, as it is now."""
    python = kernel_python(find_kernel(kernel))
    if python is None:
        return f"# kernel {kernel}: not Python, its packages are unknown\n".encode()
    command = [python, "-c", _LIST]
    return subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL).stdout


def write_environment(folder: Path, content: bytes) -> str:
    """Write ``environment.txt`` into a job's folder; return its SHA-256."""
    write_atomic(folder / FILE, content)
    return hashlib.sha256(content).hexdigest()
