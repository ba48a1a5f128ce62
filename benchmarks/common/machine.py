"""What the machine itself can do: the limits that figures are a share of."""

from __future__ import annotations

import time


def memory_bandwidth(seconds: float = 2.0) -> float:
    """Bytes/s that all cores together read from memory: the best of sums over a gigabyte that no cache holds."""
    import torch

    numbers = torch.ones(2**30 // 4)
    best, until = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        began = time.perf_counter()
        numbers.sum()
        best = max(best, numbers.nbytes / (time.perf_counter() - began))
    return best
