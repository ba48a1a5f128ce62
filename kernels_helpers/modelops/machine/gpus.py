"""The NVIDIA GPUs of this machine, as the driver's management library (NVML) tells them."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Gpu:
    """One GPU; ``id`` is what ``CUDA_VISIBLE_DEVICES`` takes, and names it whatever order the driver counts in."""

    id: str
    name: str
    memory: int
    """Bytes in all."""


def gpus() -> tuple[Gpu, ...]:
    """The GPUs that this process may use; none where there is no driver.

    ``CUDA_VISIBLE_DEVICES`` restricts them, as it does for every CUDA program: what it names, by number or by the
    beginning of a UUID, up to the first name that means nothing.
    """
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        found = [
            Gpu(
                id=_text(pynvml.nvmlDeviceGetUUID(handle)),
                name=_text(pynvml.nvmlDeviceGetName(handle)),
                memory=int(pynvml.nvmlDeviceGetMemoryInfo(handle).total),
            )
            for handle in handles
        ]
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    return tuple(found) if visible is None else _visible(found, visible)


def _visible(found: list[Gpu], names: str) -> tuple[Gpu, ...]:
    visible: list[Gpu] = []
    for name in (part.strip() for part in names.split(",")):
        by_number = found[int(name) : int(name) + 1] if name.isdecimal() else []
        chosen = by_number or [gpu for gpu in found if name and gpu.id.startswith(name)]
        if len(chosen) != 1 or chosen[0] in visible:
            break
        visible += chosen
    return tuple(visible)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
