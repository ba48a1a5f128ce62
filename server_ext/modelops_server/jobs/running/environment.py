"""What a kernel's Python had installed when a job ran: one line per distribution, for the record and its digest."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from modelops.files import write_atomic
from modelops_server.environments import made_from
from modelops_server.jobs.running.kernels import find_kernel, kernel_python

FILE = "environment.txt"

_LOCK = re.compile(r"^# environment (\S+), lock sha256:([0-9a-f]{64})$", re.MULTILINE)

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
    found = subprocess.run(command, capture_output=True, timeout=120, check=True, stdin=subprocess.DEVNULL).stdout
    lock = made_from(python)
    return (b"# environment %b, lock sha256:%b\n" % tuple(part.encode() for part in lock) if lock else b"") + found


def lock_of(folder: Path) -> tuple[str, str] | None:
    """Name and lock digest (SHA-256) of the environment that a job ran in; ``None`` where it was in none of ours."""
    match = _LOCK.match((folder / FILE).read_text())
    return (match[1], match[2]) if match else None


def write_environment(folder: Path, content: bytes) -> str:
    """Write ``environment.txt`` into a job's folder; return its SHA-256."""
    write_atomic(folder / FILE, content)
    return hashlib.sha256(content).hexdigest()
