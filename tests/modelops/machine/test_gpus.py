"""GPUs as the driver's library lists them."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from modelops.machine.gpus import Gpu, gpus

ALL = (Gpu("GPU-aa11", "NVIDIA H100", 80), Gpu("GPU-bb22", "NVIDIA H100", 80))


class NVMLError(Exception):
    """What the library raises."""


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The driver's library with two GPUs, in place of the one that this machine need not have."""
    library = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlShutdown=lambda: None,
        nvmlDeviceGetCount=lambda: len(ALL),
        nvmlDeviceGetHandleByIndex=lambda index: ALL[index],
        nvmlDeviceGetUUID=lambda gpu: gpu.id,
        nvmlDeviceGetName=lambda gpu: gpu.name.encode(),
        nvmlDeviceGetMemoryInfo=lambda gpu: SimpleNamespace(total=gpu.memory),
    )
    monkeypatch.setitem(sys.modules, "pynvml", library)  # type: ignore[arg-type]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return library


def test_every_gpu_of_the_driver_is_found(driver: Any) -> None:
    assert gpus() == ALL


@pytest.mark.parametrize(
    ("visible", "found"),
    [("1", ALL[1:]), ("1,0", ALL[::-1]), ("GPU-bb", ALL[1:]), ("", ()), ("0,9,1", ALL[:1]), ("0,0", ALL[:1])],
)
def test_what_is_not_visible_to_this_process_does_not_count(
    driver: Any, monkeypatch: pytest.MonkeyPatch, visible: str, found: tuple[Gpu, ...]
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus() == found


def test_a_machine_without_a_driver_has_none(driver: Any) -> None:
    def no_driver() -> None:
        raise NVMLError

    driver.nvmlInit = no_driver
    assert gpus() == ()


def test_a_driver_that_fails_while_it_is_asked_means_none(driver: Any) -> None:
    def lost() -> int:
        raise NVMLError

    driver.nvmlDeviceGetCount = lost
    assert gpus() == ()


@pytest.mark.gpu
def test_the_gpus_of_this_machine_are_found() -> None:
    assert gpus()
