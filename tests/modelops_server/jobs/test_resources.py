"""Which queued job starts next, given what each needs, what the machine has, and what is held."""

from __future__ import annotations

from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops_server.jobs.resources import Inventory, Request, Usage, Waiting, next_to_start

MACHINE = Inventory(cpus=4, gpus=("GPU-a", "GPU-b"), memory=16)


def used(cpus: float = 0, gpus: tuple[str, ...] = (), memory: int = 0) -> Usage:
    return Usage(1, cpus, frozenset(gpus), memory)


def chosen(*requests: Request, usage: Usage | None = None, machine: Inventory = MACHINE) -> int | None:
    """The place in the queue of the job that starts next."""
    queue = [Waiting(str(place), request) for place, request in enumerate(requests)]
    found = next_to_start(queue, machine, usage or used())
    return int(found.id) if found else None


def test_the_first_job_that_fits_starts() -> None:
    assert chosen(Request(gpus=0), Request(gpus=0)) == 0
    assert chosen() is None


@pytest.mark.parametrize(
    ("request_", "usage"),
    [
        (Request(cpus=2, gpus=0), used(cpus=3)),
        (Request(gpus=2), used(gpus=("GPU-b",))),
        (Request(memory=9, gpus=0), used(memory=8)),
    ],
)
def test_a_job_waits_while_others_hold_what_it_needs(request_: Request, usage: Usage) -> None:
    assert chosen(request_, usage=usage) is None
    assert chosen(request_) == 0


def test_a_job_that_waits_for_a_gpu_is_passed_by_those_that_need_none() -> None:
    everything = used(gpus=("GPU-a", "GPU-b"))
    assert chosen(Request(gpus=1), Request(gpus=0), usage=everything) == 1


def test_nobody_overtakes_on_what_an_earlier_job_waits_for() -> None:
    one_is_held = used(gpus=("GPU-a",))
    assert chosen(Request(gpus=2), Request(gpus=1), usage=one_is_held) is None
    assert chosen(Request(cpus=4, gpus=0), Request(cpus=1, gpus=0), usage=used(cpus=1)) is None
    assert chosen(Request(memory=16, gpus=0), Request(memory=1, gpus=0), usage=used(memory=1)) is None
    assert chosen(Request(memory=16, gpus=0), Request(gpus=0), usage=used(memory=1)) == 1


def test_a_job_that_does_not_say_gets_a_gpu_where_there_are_any() -> None:
    assert MACHINE.share(Request()).gpus == 1
    assert Inventory(4, (), 16).share(Request()).gpus == 0


def test_more_cores_or_memory_than_there_are_means_all_of_them_but_missing_gpus_are_waited_for() -> None:
    assert MACHINE.share(Request(cpus=64, gpus=0, memory=99)) == Request(4, 0, 16)
    assert chosen(Request(gpus=3)) is None


def test_gpus_are_handed_out_by_name_each_to_one_job() -> None:
    assert MACHINE.free_gpus(used(gpus=("GPU-a",)), 1) == ("GPU-b",)


def test_what_is_asked_for_replaces_what_the_template_declares() -> None:
    assert Request.of({"cpus": 2.0, "memory": 4}, {"memory": 8, "gpus": None}) == Request(cpus=2.0, memory=8)


def test_the_environment_can_stand_in_for_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MODELOPS_CPUS": "12", "MODELOPS_GPUS": "3", "MODELOPS_MEMORY": "1000"}.items():
        monkeypatch.setenv(name, value)
    assert Inventory.of_machine() == Inventory(12.0, ("0", "1", "2"), 1000)
    assert Inventory.of_machine(gpus=0).gpus == ()


def test_a_machine_without_configuration_is_what_it_is() -> None:
    machine = Inventory.of_machine()
    assert machine.cpus >= 1
    assert machine.memory > 10**8


@pytest.mark.parametrize("text", ["many", "-1", "inf", "nan"])
def test_an_inventory_that_is_no_number_is_refused(text: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("MODELOPS_CPUS", text)
    with pytest.raises(InvalidInput, match="MODELOPS_CPUS"):
        Inventory.of_machine()
