"""How much memory this process took, at most; and giving back what it does not need."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys


def peak_memory_bytes() -> int:
    """The most memory this process has held so far, in bytes: on the GPU where there is one, else main memory."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes.
    return peak if sys.platform == "darwin" else peak * 1024


def give_back_memory() -> None:
    """Give memory that was freed back to the system, where the C library keeps it otherwise (glibc); takes 1 ms.

    Packed rows differ in length, so each step asks for tensors of other sizes than the one before, which fit into none
    of the gaps that it left: what a process holds grows with every step.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
