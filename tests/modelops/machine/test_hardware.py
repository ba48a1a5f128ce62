"""Processor, memory and accelerator of the machine that runs this."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from modelops.machine.hardware import (
    accelerator_findings,
    features,
    memory_bytes,
    nvidia_gpus,
    processor,
    torch_build,
)


@pytest.mark.parametrize(
    ("cpuinfo", "sets"),
    [
        ("model name\t: A\nflags\t\t: fpu sse2 avx avx2\n", ("AVX2",)),
        ("flags\t: avx2 avx512f avx512_bf16 avx512_vnni", ("AVX2", "AVX-512", "bf16", "int8 dot product")),
        ("Features\t: fp asimd sve bf16", ("NEON", "SVE", "bf16")),
        ("", ()),
    ],
)
def test_instruction_sets_are_read_from_the_kernels_description(cpuinfo: str, sets: tuple[str, ...]) -> None:
    assert features(cpuinfo) == sets


def test_cores_are_those_that_this_process_may_use() -> None:
    assert 1 <= processor().cores <= len(psutil.Process().cpu_affinity())


def test_memory_is_within_what_the_machine_has() -> None:
    total, available = memory_bytes()
    assert 0 < available <= total <= psutil.virtual_memory().total


def test_the_build_of_torch_is_told_as_torch_tells_it() -> None:
    torch = import_module("torch") if find_spec("torch") else None
    expected = None if torch is None else "cuda" if torch.version.cuda else "rocm" if torch.version.hip else "cpu"
    assert torch_build() == expected


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program named nvidia-smi that comes first on the path."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'NVIDIA H100, 81559 MiB, 550.54'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return program


def test_gpus_are_those_that_the_driver_lists(driver: Path) -> None:
    assert nvidia_gpus() == ["NVIDIA H100, 81559 MiB, driver 550.54"]


def test_a_gpu_that_torch_cannot_use_comes_with_the_command_that_mends_it(driver: Path) -> None:
    (finding,) = accelerator_findings()
    if torch_build() == "cuda":
        assert (finding.state, finding.mend) == ("ok", "")
    else:
        assert finding.state == "missing"
        assert "pip install --force-reinstall torch" in finding.mend


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", "exec sleep 60"])
def test_a_driver_that_fails_or_hangs_means_no_gpu(driver: Path, script: str) -> None:
    driver.write_text(f"#!/bin/sh\n{script}\n")
    assert nvidia_gpus() == []
