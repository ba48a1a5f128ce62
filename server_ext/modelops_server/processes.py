"""Who a process is, and how to end it with everything it started, however well that hid itself (Linux)."""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

JOB_ID = "MODELOPS_JOB_ID"
"""Environment variable that every process of a job's kernel inherits; the kill walk looks for it."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Identity:
    """One process of one boot: a pid alone may have been given to another process since."""

    pid: int
    start_time: int
    """Clock ticks between the boot and the process's start (``/proc/<pid>/stat``, field 22)."""
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a living process, or ``None``; a zombie does not live."""
        stat = _stat(pid)
        return None if stat is None or stat[0] in "ZX" else cls(pid, stat[2], boot_id())

    @classmethod
    def mine(cls) -> Identity:
        """The identity of this process."""
        pid, stat = os.getpid(), _stat(os.getpid())
        if stat is None:
            raise OSError(errno.ENOSYS, "/proc is not mounted")
        return cls(pid, stat[2], boot_id())

    @property
    def alive(self) -> bool:
        return Identity.of(self.pid) == self

    @property
    def stopped(self) -> bool:
        """Whether it is alive, and a signal such as SIGSTOP holds it; one that a debugger holds does not count."""
        stat = _stat(self.pid)
        return stat is not None and stat[0] == "T" and self.alive

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@cache
def boot_id() -> str:
    """The kernel's name for this boot of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def become_subreaper() -> None:
    """Make orphans among this process's descendants its own children, so that none escapes by a double fork."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _is_subreaper() -> bool:
    answer = ctypes.c_int()
    _prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(answer))
    return answer.value == 1


def die_with_parent() -> None:
    """Have the Linux kernel kill this process when the thread that started it ends; for use between fork and exec."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _prctl(option: int, value: Any) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


class AlreadyLocked(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold an exclusive ``flock`` on ``path``; raises :class:`AlreadyLocked` at once when another process holds it.

    The Linux kernel releases it when the holder dies, whatever killed it. The file stays: unlinking it would let two
    processes hold two locks of one name.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
                raise
            raise AlreadyLocked(str(path)) from error
        yield
    finally:
        os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock at ``path`` now."""
    if not path.exists():
        return False
    try:
        with file_lock(path):
            return False
    except AlreadyLocked:
        return True


def descendants(roots: Iterable[int]) -> set[int]:
    """The pids below ``roots`` (without them), zombies excluded, in one walk over ``/proc``."""
    children: dict[int, list[int]] = {}
    for pid in _pids():
        stat = _stat(pid)
        if stat is not None and stat[0] not in "ZX":
            children.setdefault(stat[1], []).append(pid)
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def tree(root: int) -> set[int]:
    """The pids below ``root``, at a cost that depends on them alone; one that starts or ends just now may be missed."""
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in _children(waiting.pop()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def carriers(job_id: str) -> set[int]:
    """The pids whose environment carries the job's id: daemons, too, that left the tree long ago."""
    entry = f"{JOB_ID}={job_id}".encode()
    found = set()
    for pid in _pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue  # gone, or another user's
        if entry in environment.split(b"\0"):
            found.add(pid)
    return found


def kill_job(job_id: str, roots: Iterable[int] = (), known: Iterable[Identity] = (), patience: float = 5.0) -> set[int]:
    """Kill whatever belongs to a job, and return the pids that outlived ``patience`` seconds (normally none).

    That is: everything below ``roots``, everything that carries the job's id, every process in ``known`` that is still
    itself, and everything below those. It looks again after each round, since a process may fork while it is killed.
    A subreaper collects what ends on the way; elsewhere the ended children are left to those who wait for them.
    """
    deadline = time.monotonic() + patience
    keep = {os.getpid()}
    roots, known = list(roots), list(known)
    while True:
        seeds = carriers(job_id) | {identity.pid for identity in known if identity.alive}
        targets = (seeds | descendants([*roots, *seeds])) - keep
        targets = {pid for pid in targets if Identity.of(pid) is not None}
        if not targets or time.monotonic() > deadline:
            return targets
        for pid in targets:
            send_signal(pid, signal.SIGKILL)
        if _is_subreaper():
            reap()
        time.sleep(0.02)


def send_signal(pid: int, number: signal.Signals) -> None:
    """Send a signal; a process that is gone, or is not ours, is left in peace."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def reap(keep: int | None = None) -> None:
    """Collect the ended children of this process, but for ``keep``, whose exit status somebody else waits for."""
    for pid in _pids():
        stat = _stat(pid)
        if stat is not None and stat[0] == "Z" and stat[1] == os.getpid() and pid != keep:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue


def resident_bytes(pids: Iterable[int]) -> int:
    """Resident memory of the processes together, in bytes; pages they share count once for each."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_bytes().split()[1])
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")


def out_of_memory_kills() -> int:
    """How often the Linux kernel has killed a process for memory: on this machine and in this control group."""
    count = 0
    for source in ("/proc/vmstat", *_control_group_files()):
        try:
            text = Path(source).read_text()
        except OSError:
            continue
        count += sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))
    return count


def _control_group_files() -> Iterator[str]:
    yield "/sys/fs/cgroup/memory.events"
    yield "/sys/fs/cgroup/memory/memory.oom_control"
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            yield f"/sys/fs/cgroup{path}/memory.events"
        elif "memory" in controllers.split(","):
            yield f"/sys/fs/cgroup/memory{path}/memory.oom_control"


def _children(pid: int) -> list[int]:
    children: list[int] = []
    try:
        for thread in os.scandir(f"/proc/{pid}/task"):
            children += map(int, Path(thread.path, "children").read_bytes().split())
    except OSError:
        return children  # gone meanwhile
    return children


def _pids() -> list[int]:
    return [int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()]


def _stat(pid: int) -> tuple[str, int, int] | None:
    """State letter, parent's pid and start time of a process, or ``None`` when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name is in parentheses and may contain anything, also spaces and parentheses.
    fields = text[text.rindex(")") + 2 :].split()
    return fields[0], int(fields[1]), int(fields[19])
