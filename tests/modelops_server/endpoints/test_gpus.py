"""GPUs are held by one at a time, a job or an endpoint, whoever dies on the way; the GPUs are made up."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Unavailable
from modelops.templates import load_template
from modelops_server import endpoints
from modelops_server.endpoints import State
from modelops_server.gpu_claims import claims
from modelops_server.jobs import submit
from modelops_server.jobs.readiness import check_readiness
from modelops_server.jobs.readiness.asked import Asked
from modelops_server.jobs.resources import Inventory
from modelops_server.processes import Identity

WAITS = "import time\ntime.sleep(600)"


@pytest.fixture(autouse=True)
def one_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("MODELOPS_GPUS", "1")


def test_an_endpoint_is_not_given_what_a_running_job_holds(
    served: Any, jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.start(notebook(WAITS))

    with pytest.raises(Unavailable) as refusal:
        served.start(gpus=1)

    assert (refusal.value.code, f"held by job {job.id}" in refusal.value.message) == ("too_few_gpus", True)
    assert served.start(name="beside", gpus=0).state is State.READY
    os.kill(job.attempt.runner.pid, signal.SIGKILL)
    jobs.ended(job)
    endpoint = served.start(gpus=1)
    assert (endpoint.state, endpoint.spec.gpus) == (State.READY, ("0",))


def test_a_job_waits_for_what_an_endpoint_holds(served: Any, jobs: Any, notebook: Callable[..., Path]) -> None:
    served.start(gpus=1)
    path = notebook("import os\nprint(os.environ['CUDA_VISIBLE_DEVICES'])")

    readiness = check_readiness(Asked(load_template(path), {}), jobs.queue)
    waiting = jobs.submit(path)
    passing = jobs.ended(submit(jobs.home, load_template(path), {}, resources={"gpus": 0}))

    assert "gpus are held by endpoint tiny" in {check.name: check.sentence for check in readiness.checks}["queue"]
    assert not readiness.queue.free_now
    assert (passing.state, jobs.queue.get(waiting.id).state) == ("succeeded", "queued")
    endpoints.stop(served.home, "tiny")
    assert (jobs.ended(waiting).state, jobs.log(waiting)) == ("succeeded", "0\n")


def test_an_endpoint_whose_keeper_is_killed_holds_nothing_and_comes_back_when_it_can(
    served: Any, jobs: Any, notebook: Callable[..., Path]
) -> None:
    endpoint = served.start(gpus=1)
    os.kill(endpoint.status.keeper.pid, signal.SIGKILL)
    jobs.until(lambda: endpoints.find(served.home, "tiny").lost)

    job = jobs.start(notebook(WAITS))

    assert endpoints.revive(served.home) == []
    with pytest.raises(Unavailable, match=f"held by job {job.id}"):
        endpoints.restart(served.home, "tiny")
    jobs.queue.request_cancel(job.id)
    jobs.ended(job)
    jobs.until(lambda: not claims(served.home))
    endpoints.restart(served.home, "tiny")
    assert served.settled("tiny").spec.gpus == ("0",)


def test_a_runner_whose_gpu_an_endpoint_has_by_now_does_not_begin(
    served: Any, jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    claimed = jobs.queue.claim(Identity(1, 0, "another boot"), Inventory.of_machine())
    served.start(gpus=1)

    assert claimed.attempt.gpus == ("0",)
    assert not jobs.queue.adopt(job.id, 1, Identity.mine())


def test_llama_cpp_takes_a_gpu_only_where_somebody_asks_for_it(served: Any) -> None:
    assert served.start().spec.gpus == ()


def test_answers_that_an_endpoint_gives_need_no_gpu(served: Any, jobs: Any, notebook: Callable[..., Path]) -> None:
    parameters = "endpoint: str = ''"
    asks = load_template(notebook("1", parameters=parameters, kind="generate"))

    assert submit(jobs.home, asks, {"endpoint": "tiny"}).request.gpus == 0
    assert submit(jobs.home, asks, {}).request.gpus is None
