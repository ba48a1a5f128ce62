"""Following a job from the command line: run it in the foreground, show how far it is, and say how it ended."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

import click

from modelops.client import Progress
from modelops.errors import Conflict
from modelops.paths import StateHome
from modelops.units import human_seconds
from modelops_server.cli.output import console

if TYPE_CHECKING:
    from modelops_server.jobs import Job, Queue

_LOOK = 0.2
_PLAIN_INTERVAL = 5.0
"""Seconds between two lines where the output is not a terminal."""


class _Display(Protocol):
    def update(self, progress: Progress) -> None: ...

    def say(self, text: str) -> None: ...


def run_and_follow(home: StateHome, job: Job, *, show: bool = True, max_running: int | None = None) -> Job:
    """Execute a queued job in the foreground and return it when it has ended.

    With ``show``, one line tells how far it is. Ctrl-C cancels the job, a second Ctrl-C kills it.
    """
    from modelops_server.jobs import Queue, Scheduler

    with closing(Queue(home)) as queue, _display(show) as display, _interrupts() as interrupts:
        scheduler = Scheduler(home, max_running=max_running, only=job.id, queue=queue)

        def look_after() -> None:
            interrupts.answer(queue, job.id, display)
            scheduler.tick()

        return _follow(queue, job, display, look_after)


def wait_and_follow(home: StateHome, job: Job, *, show: bool = True) -> Job:
    """Return a job when it has ended, whoever runs it; Ctrl-C stops the waiting, not the job."""
    from modelops_server.jobs import Queue, Scheduler

    with closing(Queue(home)) as queue, _display(show) as display:
        return _follow(queue, job, display, Scheduler(home, queue=queue).reconcile)


def _follow(queue: Queue, job: Job, display: _Display, look_after: Callable[[], None]) -> Job:
    from modelops_server.jobs import State
    from modelops_server.jobs.journal import read_events

    progress, offset = Progress(), 0
    while True:
        # The state is read first: what was written before the end has then been read as well.
        job = queue.get(job.id)
        for after, event in read_events(job.folder, offset):
            offset = after
            progress.take(event)
        progress.state = job.state.value
        progress.ahead = queue.ahead_of(job) if job.state is State.QUEUED else 0
        display.update(progress)
        if job.state.terminal:
            return job
        look_after()
        time.sleep(_LOOK)


@contextmanager
def _interrupts() -> Iterator[_Interrupts]:
    """Count Ctrl-C instead of raising it: a job must not be torn between its claim and its start."""
    counter = _Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield counter
        return
    before = signal.signal(signal.SIGINT, lambda *_: counter.add())
    try:
        yield counter
    finally:
        signal.signal(signal.SIGINT, before)


class _Interrupts:
    """How often Ctrl-C was pressed, and what has been done about it."""

    def __init__(self) -> None:
        self._pressed = 0
        self._answered = 0

    def add(self) -> None:
        self._pressed += 1

    def answer(self, queue: Queue, job_id: str, display: _Display) -> None:
        """Cancel the job after the first, kill its runner after the second."""
        from modelops_server.jobs.ending import cancel

        while self._answered < self._pressed:
            self._answered += 1
            if self._answered == 1:
                display.say(f"Cancelling {job_id}; Ctrl-C again kills it.")
                with suppress(Conflict):  # it has just ended by itself
                    cancel(queue, job_id)
            else:
                display.say(f"Killing {job_id}.")
                _kill(queue.get(job_id))


def _kill(job: Job) -> None:
    from modelops_server.processes import send_signal

    runner = job.attempt.runner if job.attempt else None
    if runner is not None and runner.alive:
        send_signal(runner.pid, signal.SIGKILL)


@contextmanager
def _display(show: bool) -> Iterator[_Display]:
    if not show:
        yield _Silent()
    elif (terminal := console(stderr=True)).is_terminal:
        from rich.live import Live

        with Live(console=terminal, refresh_per_second=8, transient=True) as live:
            yield _OneLine(live)
    else:
        yield _Lines()


class _Silent:
    def update(self, progress: Progress) -> None: ...

    def say(self, text: str) -> None: ...


class _OneLine:
    """A spinner and one line that is drawn over and over."""

    def __init__(self, live: Any) -> None:
        from rich.spinner import Spinner

        self._live = live
        self._spinner = Spinner("dots")

    def update(self, progress: Progress) -> None:
        from rich.text import Text

        self._spinner.update(text=Text(progress.line(), no_wrap=True, overflow="ellipsis"))
        self._live.update(self._spinner)

    def say(self, text: str) -> None:
        self._live.console.print(text)


class _Lines:
    """A line when the state changes, and otherwise now and then."""

    def __init__(self) -> None:
        self._state = ""
        self._last_line = ""
        self._next = 0.0

    def update(self, progress: Progress) -> None:
        line = progress.line()
        due = progress.state != self._state or time.monotonic() >= self._next
        if due and line != self._last_line:
            self._state, self._last_line = progress.state, line
            self._next = time.monotonic() + _PLAIN_INTERVAL
            click.echo(line, err=True)

    def say(self, text: str) -> None:
        click.echo(text, err=True)


def show_outcome(job: Job) -> None:
    """Say how a job ended: what it made and where its record is, or what went wrong, where, and what to do."""
    from modelops_server.jobs import State
    from modelops_server.jobs.spec import OUTPUT

    notebook = job.folder / OUTPUT
    if job.state is State.SUCCEEDED:
        click.echo(f"{click.style('Succeeded', fg='green', bold=True)}  {job.id}{_duration(job)}")
        for ref in job.artifacts:
            click.echo(f"  made      {ref}")
    else:
        click.echo(f"{click.style(job.state.value.capitalize(), fg='red', bold=True)}  {job.id}{_duration(job)}")
        _show_reason(job)
    if notebook.exists():
        click.echo(f"  notebook  {notebook}")
        click.echo(f"  report    modelops jobs report {job.id}")
    if job.state is not State.SUCCEEDED:
        click.echo(f"  again     modelops jobs retry {job.id}")


def _show_reason(job: Job) -> None:
    from modelops_server.jobs.journal import log_tail

    reason = job.reason
    if reason is None:
        return
    click.echo(f"  {reason.message}")
    if reason.hint:
        click.echo(f"  {reason.hint}")
    lines = reason.details.get("traceback") or log_tail(job.folder, 8)
    for line in lines[-12:]:
        click.echo(click.style(f"    {line}", dim=True))
    click.echo(click.style(f"  [{reason.code}]", dim=True))


def _duration(job: Job) -> str:
    from datetime import datetime

    if not job.started or not job.finished:
        return ""
    seconds = (datetime.fromisoformat(job.finished) - datetime.fromisoformat(job.started)).total_seconds()
    return f"  in {human_seconds(max(0.0, seconds))}"
