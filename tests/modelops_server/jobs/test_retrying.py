"""Jobs that are tried again: by themselves when the machine failed them, or because somebody asks."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict, InvalidInput
from modelops.registry import Registry
from modelops_server.jobs.retrying import retry
from modelops_server.jobs.spec import JobSpec

MAKE = (
    "from modelops import log_artifact, output_folder\n"
    "(output_folder('r') / 'a.txt').write_text(str({what}))\n"
    "log_artifact(output_folder('r'), 'findings', 'report')"
)


def test_a_job_whose_runner_is_killed_is_tried_again_while_retries_are_left(
    jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    mark = tmp_path / "second"
    path = notebook(
        f"import pathlib, time\nprint('up', flush=True)\nif not pathlib.Path({str(mark)!r}).exists(): time.sleep(600)",
        MAKE.format(what=1),
    )
    job = jobs.start(path, retries=1)
    jobs.until(lambda: "up" in jobs.log(job))
    mark.touch()

    os.kill(job.attempt.runner.pid, signal.SIGKILL)
    job = jobs.ended(job)

    assert (job.state, job.epoch, job.artifacts) == ("succeeded", 2, ("findings@1",))
    first, second = jobs.queue.attempts(job.id)
    assert (first.outcome, first.reason.code, second.outcome) == ("interrupted", "runner_died", "succeeded")
    assert (job.folder / "output.1.ipynb").exists()


def test_a_cell_error_is_not_tried_again_unless_asked(jobs: Any, notebook: Callable[..., Path]) -> None:
    path = notebook("raise ValueError('no')")

    assert jobs.run(path, retries=1).epoch == 1
    asked = jobs.run(path, retries=2, retry_on=("cell_error",))

    assert (asked.state, asked.epoch, asked.retries_left) == ("failed", 3, 0)


def test_a_job_that_is_cancelled_is_not_tried_again(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.start(notebook("import time\ntime.sleep(600)"), retries=3)
    jobs.queue.request_cancel(job.id)
    os.kill(job.attempt.runner.pid, signal.SIGKILL)

    assert (jobs.ended(job).state, jobs.queue.get(job.id).epoch) == ("cancelled", 1)


def test_what_an_earlier_attempt_made_is_gone_and_its_checkpoints_are_there_where_the_template_resumes(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    source = (
        "import modelops\n"
        "seen = [f.name for f in modelops.checkpoint_folder().iterdir()] + [f.name for f in"
        " modelops.output_folder('r').iterdir()]\n"
        "print(seen)\n"
        "(modelops.checkpoint_folder() / 'step-1').touch(); (modelops.output_folder('r') / 'half').touch()\n"
        "if len(seen) < 1: raise RuntimeError('once')"
    )
    fresh = jobs.run(notebook(source), retries=1, retry_on=("cell_error",))
    resumed = jobs.run(notebook(source, name="resumable", resumable=True), retries=1, retry_on=("cell_error",))

    assert (fresh.state, jobs.log(fresh)) == ("failed", "[]\n[]\n")
    assert (resumed.state, jobs.log(resumed)) == ("succeeded", "[]\n['step-1']\n")


def test_an_ended_job_is_repeated_as_a_new_one_with_changes(jobs: Any, notebook: Callable[..., Path]) -> None:
    path = notebook("print(n + m)", parameters="n: int = 1\nm: int = 2")
    old = jobs.run(path, {"n": 5})
    path.unlink()

    same, changed = jobs.ended(retry(jobs.home, old.id)), jobs.ended(retry(jobs.home, old.id, {"m": 30}))

    assert [jobs.log(job) for job in (old, same, changed)] == ["7\n", "7\n", "35\n"]
    assert {same.retry_of, changed.retry_of} == {old.id}
    assert same.template == old.template
    with pytest.raises(InvalidInput, match="nothing"):
        retry(jobs.home, old.id, {"nothing": 1})


def test_a_job_that_still_runs_is_not_repeated(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.submit(notebook("1"))

    with pytest.raises(Conflict, match="still queued"):
        retry(jobs.home, job.id)


def test_a_repeated_job_goes_on_from_the_checkpoint_of_the_old_one(jobs: Any, notebook: Callable[..., Path]) -> None:
    source = (
        "import modelops\nfolder = modelops.checkpoint_folder()\nprint(len(list(folder.iterdir())))\n"
        "(folder / 'step-1').touch()\nif not {ok}: raise RuntimeError"
    )
    path = notebook(source.replace("{ok}", "ok"), parameters="ok: bool = False", resumable=True)
    old = jobs.run(path)

    new = jobs.ended(retry(jobs.home, old.id, {"ok": True}))

    assert (jobs.log(old), jobs.log(new), new.state) == ("0\n", "1\n", "succeeded")


def test_a_job_waits_for_the_one_whose_output_it_names_and_gets_exactly_that(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    maker = jobs.submit(
        notebook(
            "from modelops import log_artifact, output_folder\n(output_folder('m') / 'a.txt').write_text('m')\n"
            "log_artifact(output_folder('m'), 'chats', 'dataset')"
        )
    )
    user = jobs.submit(
        notebook(
            "print(data)",
            name="user",
            parameters="from modelops.templates import Dataset\n\ndata: Dataset = 'x'",
        ),
        {"data": f"job:{maker.id}"},
    )
    assert jobs.queue.needs(user.id) == (maker.id,)
    assert jobs.queue.claim(jobs.scheduler._me, only=user.id) is None

    user = jobs.ended(user)

    assert (user.state, jobs.log(user)) == ("succeeded", "chats@1\n")
    assert jobs.queue.get(maker.id).finished <= user.started
    assert Registry(jobs.home).get(f"job:{maker.id}").ref == "chats@1"


def test_a_job_fails_with_the_one_that_it_waits_for(jobs: Any, notebook: Callable[..., Path]) -> None:
    maker = jobs.submit(notebook("raise ValueError"))
    user = jobs.submit(
        notebook("1", name="user", parameters="from modelops.templates import Model\n\nbase: Model = 'x'"),
        {"base": f"job:{maker.id}"},
    )

    user = jobs.ended(user)

    assert (user.state, user.reason.code, user.epoch) == ("failed", "dependency_failed", 0)
    assert maker.id in user.reason.message


def test_a_job_cannot_wait_for_one_that_did_not_succeed_or_does_not_exist(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    failed = jobs.run(notebook("raise ValueError"))
    path = notebook("1", name="user", parameters="from modelops.templates import Model\n\nbase: Model = 'x'")

    with pytest.raises(InvalidInput, match="will never make"):
        jobs.submit(path, {"base": f"job:{failed.id}"})
    with pytest.raises(InvalidInput, match="no job"):
        jobs.submit(path, {"base": "job:sft-0000000"})


def test_gpus_are_named_to_the_job_that_holds_them(
    jobs: Any, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELOPS_GPUS", "2")
    job = jobs.run(notebook("import os\nprint(os.environ['CUDA_VISIBLE_DEVICES'])"))

    assert jobs.log(job) == "0\n"
    assert job.attempt.gpus == ("0",)


def test_a_higher_priority_goes_first(jobs: Any, notebook: Callable[..., Path]) -> None:
    from modelops.templates import load_template
    from modelops_server.jobs import submit

    path = notebook("1")
    late = [submit(jobs.home, load_template(path), {}, priority=priority) for priority in (0, 0, 5)]

    assert [jobs.queue.ahead_of(job) for job in late] == [1, 2, 0]
    assert jobs.queue.claim(jobs.scheduler._me).id == late[2].id


def test_a_repeated_job_knows_the_notebook_that_the_first_was_made_from(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook("1")
    first = jobs.run(path)

    second = retry(jobs.home, first.id, queue=jobs.queue)

    assert JobSpec.read(second.folder).notebook == JobSpec.read(first.folder).notebook == str(path)


def test_the_job_of_a_template_names_no_notebook(jobs: Any, notebook: Callable[..., Path]) -> None:
    template = jobs.home.templates / "mine.ipynb"
    template.parent.mkdir(parents=True, exist_ok=True)
    template.write_bytes(notebook("1").read_bytes())

    assert JobSpec.read(jobs.submit(template).folder).notebook is None
