"""Who a process is, whether it holds a lock, and that all of a job's processes can be ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from modelops_server.processes import (
    AlreadyLocked,
    Identity,
    carriers,
    descendants,
    file_lock,
    is_locked,
    kill_job,
    resident_bytes,
)

HOLD = """
import sys, time
from pathlib import Path
from modelops_server.processes import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_a_process_is_itself_until_it_ends() -> None:
    child = subprocess.Popen(SLEEP)
    identity = Identity.of(child.pid)
    assert identity is not None
    assert identity.alive

    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not identity.alive  # a zombie does not live
    child.wait()
    assert Identity.of(child.pid) is None


def test_the_same_pid_with_another_start_time_or_boot_is_another_process() -> None:
    me = Identity.mine()

    assert me.alive
    assert not Identity(me.pid, me.start_time + 1, me.boot_id).alive
    assert not Identity(me.pid, me.start_time, "another boot").alive


def test_a_lock_is_held_by_one_process_and_freed_by_its_death(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"

    assert is_locked(path)
    with pytest.raises(AlreadyLocked), file_lock(path):
        pass
    holder.kill()
    holder.wait()
    assert not is_locked(path)


def test_a_job_is_killed_with_those_that_carry_its_id_and_those_that_were_known(tmp_path: Path) -> None:
    job = f"test-{os.getpid()}-{tmp_path.name}"
    carrier = subprocess.Popen(SLEEP, env={"MODELOPS_JOB_ID": job}, start_new_session=True)
    stranger = subprocess.Popen(SLEEP, env={"MODELOPS_JOB_ID": f"{job}-other"})
    known = subprocess.Popen(SLEEP, env={})
    identity = Identity.of(known.pid)
    assert identity is not None

    assert carriers(job) == {carrier.pid}
    assert kill_job(job, known=[identity]) == set()
    assert Identity.of(carrier.pid) is None
    assert Identity.of(known.pid) is None
    assert Identity.of(stranger.pid) is not None
    stranger.kill()
    for child in (carrier, known, stranger):
        child.wait()


def test_descendants_are_counted_with_their_memory() -> None:
    child = subprocess.Popen([sys.executable, "-c", "hoard = bytearray(50_000_000); input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in descendants([os.getpid()])
        while resident_bytes([child.pid]) < 50_000_000:
            assert child.poll() is None
    finally:
        child.kill()
        child.wait()
