"""How much memory training took, at most."""

from __future__ import annotations

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
