"""F5, F6: no space for what a job made, and none for the database. The disk is a small one of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Unavailable
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.jobs import Queue, submit
from modelops_server.jobs.retrying import retry

MB = 1_000_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StateHome]:
    """A state home on a disk of 64 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], check=True)
    monkeypatch.setenv("MODELOPS_HOME", str(disk / "home"))
    yield StateHome(disk / "home")
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(home: StateHome, *, leave: int = 0) -> Path:
    """Fill the disk but for ``leave`` bytes; removing the file that is returned makes space again."""
    filler = home.root.parent / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        while (free := shutil.disk_usage(home.root.parent).free - leave) > 0:
            os.write(descriptor, bytes(min(free, MB)))
    except OSError:
        pass  # full
    finally:
        os.close(descriptor)
    return filler


def test_f5_outputs_without_space_fail_the_job_and_the_finish_alone_is_tried_again(
    jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    runs = tmp_path / "runs"
    path = notebook(
        f"open({str(runs)!r}, 'a').write('ran\\n')\n"
        "from modelops import log_artifact, output_folder\nimport os\n"
        "(output_folder('m') / 'weights.bin').write_bytes(os.urandom(20_000_000))\n"
        "log_artifact(output_folder('m'), 'findings', 'report')"
    )
    filler = fill(jobs.home, leave=32 * MB)

    failed = jobs.run(path)
    again = jobs.ended(retry(jobs.home, failed.id))

    for job in (failed, again):
        assert (job.state, job.reason.code) == ("failed", "disk_full")
        assert job.reason.details["needed_bytes"] == 20 * MB
        assert 0 < job.reason.details["free_bytes"] < 20 * MB
    registry = Registry(jobs.home)
    assert registry.list() == []
    assert [blob for blob in (jobs.home.blobs).rglob("*") if blob.is_file() and blob.stat().st_size > MB] == []

    filler.unlink()
    finished = jobs.ended(retry(jobs.home, again.id))

    assert (finished.state, finished.artifacts) == ("succeeded", ("findings@1",))
    assert registry.verify("findings@1").job == finished.id
    assert runs.read_text() == "ran\n"
    assert jobs.output(finished).metadata.modelops.run.partial is False


def test_f5_with_other_parameters_the_notebook_is_run_again(
    jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = notebook(
        "from modelops import log_artifact, output_folder\nimport os\n"
        "(output_folder('m') / 'weights.bin').write_bytes(os.urandom(size))\n"
        "log_artifact(output_folder('m'), 'findings', 'report')",
        parameters="size: int = 20_000_000",
    )
    filler = fill(jobs.home, leave=32 * MB)
    failed = jobs.run(path)
    filler.unlink()

    smaller = jobs.ended(retry(jobs.home, failed.id, {"size": 1000}))

    assert (smaller.state, Registry(jobs.home).get("findings").files[0].size) == ("succeeded", 1000)


def test_f6_without_space_the_database_is_read_and_goes_on_when_there_is_space_again(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("print('done')"))
    filler = fill(jobs.home)

    with pytest.raises(Unavailable) as refused:
        jobs.queue.request_cancel(job.id)
    assert refused.value.code == "disk_full"
    with pytest.raises(Unavailable):
        jobs.scheduler.tick()
    assert jobs.queue.get(job.id).state == "queued"

    filler.unlink()
    assert jobs.ended(job).state == "succeeded"
    assert jobs.queue.database.execute("PRAGMA integrity_check").fetchone()[0] == "ok"


def test_f6_a_database_that_nobody_has_open_can_be_read_on_a_full_disk(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.submit(notebook("1"))
    jobs.scheduler.close()
    jobs.queue.close()
    filler = fill(jobs.home)

    reader = Queue(jobs.home)
    assert reader.get(job.id).state == "queued"
    with pytest.raises(Unavailable, match="read, not changed"):
        reader.request_cancel(job.id)
    reader.close()

    filler.unlink()
    jobs.queue = Queue(jobs.home)
    assert jobs.queue.request_cancel(job.id).state == "cancelled"


def test_f6_nothing_is_submitted_on_a_full_disk(jobs: Any, notebook: Callable[..., Path]) -> None:
    from modelops.templates import load_template

    path = notebook("1")
    Registry(jobs.home)
    filler = fill(jobs.home)

    with pytest.raises(Unavailable) as refused:
        submit(jobs.home, load_template(path), {})
    assert refused.value.code == "disk_full"
    assert jobs.queue.list() == ()
    assert list(jobs.home.jobs.iterdir()) == []

    filler.unlink()
    assert jobs.ended(jobs.submit(path)).state == "succeeded"


def test_f6_a_job_that_runs_while_the_disk_is_full_for_a_while_succeeds(
    jobs: Any, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    go = tmp_path / "go"
    job = jobs.start(
        notebook(
            "import pathlib, time\nprint('up', flush=True)\n"
            f"while not pathlib.Path({str(go)!r}).exists():\n    print('.' * 1000, flush=True)\n    time.sleep(0.02)\n"
            "print('end')"
        )
    )
    jobs.until(lambda: "up" in jobs.log(job))

    filler = fill(jobs.home)
    time.sleep(4)  # longer than the pause between two saves of the notebook
    assert jobs.queue.get(job.id).attempt.runner.alive
    filler.unlink()
    go.touch()

    job = jobs.queue.get(job.id)
    while not job.state.terminal:
        time.sleep(0.1)
        job = jobs.queue.get(job.id)
    assert (job.state, job.reason) == ("succeeded", None)
    assert jobs.log(job).endswith("end\n")
