"""Processor, memory and accelerator."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from modelops.machine.finding import Finding

GIB = 2**30
ENOUGH_MEMORY = 3 * GIB
"""Bytes that fine-tuning a model of 135 million parameters with LoRA takes, with room for its evaluation."""

_CGROUP = Path("/sys/fs/cgroup")
# Linux's names (x86, then Arm) -> what this project calls them.
_FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_bf16": "bf16",
    "amx_bf16": "AMX bf16",
    "avx512_vnni": "int8 dot product",
    "avx_vnni": "int8 dot product",
    "asimd": "NEON",
    "sve": "SVE",
    "bf16": "bf16",
}


@dataclass(frozen=True)
class Processor:
    """The processor as far as training cares."""

    name: str
    cores: int
    """Cores that this process may use, which a container may hold below what the machine has."""
    features: tuple[str, ...]

    @property
    def bf16(self) -> bool:
        """Whether bf16 arithmetic is done in hardware; elsewhere it is many times slower than fp32."""
        return any("bf16" in feature for feature in self.features)


def processor() -> Processor:
    """The processor of this machine."""
    description = _read(Path("/proc/cpuinfo"))
    name = re.search(r"^model name\s*:\s*(.+)$", description, re.MULTILINE)
    return Processor(name[1] if name else platform.processor() or platform.machine(), _cores(), features(description))


def features(cpuinfo: str) -> tuple[str, ...]:
    """The instruction sets that matter, from the text of ``/proc/cpuinfo``."""
    line = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    flags = set(line[1].split()) if line else set()
    return tuple(dict.fromkeys(name for flag, name in _FEATURES.items() if flag in flags))


def memory_bytes() -> tuple[int, int]:
    """Main memory (total, available) in bytes, within the limit of the container."""
    import psutil

    memory = psutil.virtual_memory()
    limit, used = _number(_CGROUP / "memory.max"), _number(_CGROUP / "memory.current")
    if limit is None or limit >= memory.total:
        return memory.total, memory.available
    return limit, min(memory.available, limit - (used or 0))


def processor_findings() -> Iterator[Finding]:
    """Name, cores and instruction sets; bf16 says which compute type is fast."""
    found = processor()
    yield Finding("processor", "cores", "ok", f"{found.cores} cores of {found.name}")
    sets = ", ".join(found.features) or "no vector instructions that are known here"
    advice = "bf16 in hardware" if found.bf16 else "no bf16 in hardware: fp32 is the faster compute type"
    yield Finding("processor", "instructions", "ok", f"{sets}; {advice}" if not found.bf16 else sets)


def memory_findings() -> Iterator[Finding]:
    """Whether the main job fits into memory."""
    total, available = memory_bytes()
    enough = available >= ENOUGH_MEMORY
    yield Finding(
        "memory",
        "memory",
        "ok" if enough else "unavailable" if total < ENOUGH_MEMORY else "missing",
        f"{available / GIB:.1f} of {total / GIB:.1f} GiB free",
        needed_for="training",
        mend=""
        if enough
        else f"Free memory until {ENOUGH_MEMORY / GIB:.0f} GiB are available, or use a larger machine.",
        required=True,
    )


def accelerator_findings() -> Iterator[Finding]:
    """GPUs, and whether the installed torch can use them."""
    gpus = nvidia_gpus()
    build = torch_build()
    if gpus:
        usable = build == "cuda"
        yield Finding(
            "accelerator",
            "GPU",
            "ok" if usable else "missing",
            "; ".join(gpus)
            + ("" if usable else "; the installed torch has no CUDA" if build else "; torch is missing"),
            needed_for="training on the GPU",
            mend=""
            if usable
            else "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/cu128",
        )
    elif Path("/dev/kfd").exists():
        usable = build == "rocm"
        yield Finding(
            "accelerator",
            "GPU",
            "ok" if usable else "missing",
            "an AMD GPU" + ("" if usable else "; the installed torch has no ROCm"),
            needed_for="training on the GPU",
            mend=""
            if usable
            else "pip install --force-reinstall torch --index-url https://download.pytorch.org/whl/rocm6.4",
        )
    else:
        yield Finding(
            "accelerator", "GPU", "unavailable", "none found; jobs run on the CPU", needed_for="larger models"
        )


def nvidia_gpus() -> list[str]:
    """Name, memory and driver of every NVIDIA GPU, as ``nvidia-smi`` tells them; empty where there is none."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    query = [command, "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=2, check=True)
    except (OSError, subprocess.SubprocessError):
        return []
    rows = (line.split(", ") for line in answer.stdout.splitlines())
    return [f"{row[0]}, {row[1]}, driver {row[2]}" for row in rows if len(row) == 3]


def torch_build() -> Literal["cuda", "rocm", "cpu"] | None:
    """What the installed torch was built for, read from its files; ``None`` without torch."""
    specification = find_spec("torch")
    if specification is None or specification.origin is None:
        return None
    version = _read(Path(specification.origin).with_name("version.py"))
    if re.search(r"^cuda\b.*=\s*'", version, re.MULTILINE):
        return "cuda"
    return "rocm" if re.search(r"^hip\b.*=\s*'", version, re.MULTILINE) else "cpu"


def _cores() -> int:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _read(_CGROUP / "cpu.max").split()
    if len(quota) == 2 and quota[0].isdigit():
        cores = min(cores, max(1, round(int(quota[0]) / int(quota[1]))))
    return cores


def _number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
