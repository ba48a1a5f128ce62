"""Executing a notebook's cells on a kernel, one by one, so that every way in which it can end is told apart."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbformat import NotebookNode

from modelops.errors import Unavailable
from modelops.files import out_of_space
from modelops_server.jobs.running import diagnosis
from modelops_server.jobs.running.client import CellClient, Sink
from modelops_server.jobs.running.control import Control
from modelops_server.jobs.running.diagnosis import CellPlace
from modelops_server.jobs.running.kernels import Kernel
from modelops_server.jobs.running.outputs import OutputLimits
from modelops_server.jobs.running.recording import NotebookRecord
from modelops_server.jobs.states import AttemptEnded, ReasonCode
from modelops_server.processes import out_of_memory_kills

_AUTOSAVE_INTERVAL = 0.5
_IOPUB_TIMEOUT = 30
"""Seconds to wait for the rest of a cell's messages after its reply: a flood of output takes its time."""


@dataclass(frozen=True)
class ExecutionOptions:
    """How a notebook is executed; times in seconds."""

    sink: Sink | None = None
    control: Control = field(default_factory=Control)
    limits: OutputLimits = field(default_factory=OutputLimits)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    working_directory: Path = field(default_factory=Path.cwd)
    start_timeout: float = 60.0
    cell_timeout: float | None = None
    grace: float = 5.0
    """How long an interrupted cell may take to end before its kernel is killed."""
    label: str = "kernel"
    """What the kernel's sockets are named after: a job's id."""
    bound: bool = False
    """Whether the kernel dies with the thread that starts it."""
    kernel: Kernel | None = None
    """A kernel that has started already, instead of one that is started now."""
    on_running: Callable[[], None] = lambda: None
    """Called when the kernel answers and the first cell is about to run."""
    on_text: Callable[[str, str], None] = lambda *_: None
    """Called with the stream's name and what was printed to it."""


class Execution:
    """One run of a notebook; raises :class:`AttemptEnded` unless every cell really ran."""

    def __init__(self, record: NotebookRecord, kernel_name: str, options: ExecutionOptions) -> None:
        self._record = record
        self._nb: NotebookNode = record.nb
        self._options = options
        self._control = options.control
        self._kernel = options.kernel or Kernel(
            kernel_name, options.environment, options.working_directory, bound=options.bound, label=options.label
        )
        self._client = CellClient(
            self._nb,
            sink=options.sink,
            limits=options.limits,
            on_message=record.autosave_cell,
            on_text=options.on_text,
            km=self._kernel.manager,
            iopub_timeout=_IOPUB_TIMEOUT,
            raise_on_iopub_timeout=False,
        )
        record.before_save = self._client.write_streams
        self._places = _places(self._nb, self._client.skip_cells_with_tag)
        self._memory_kills = 0
        self._stopped: asyncio.Task[None]
        """Done when somebody wants the run to stop."""

    async def run(self) -> None:
        """Start the kernel, execute the cells, end the kernel."""
        self._control.attach()
        self._memory_kills = out_of_memory_kills()
        self._stopped = asyncio.create_task(self._control.wait())
        autosave = asyncio.create_task(self._autosave())
        done = False
        try:
            await self._start()
            self._options.on_running()
            for index, cell in enumerate(self._nb.cells):
                await self._step(index, cell)
            self._client.set_widgets_metadata()
            done = True
        finally:
            autosave.cancel()
            self._stopped.cancel()
            self._client.write_streams()
            await self._kernel.shutdown(gracefully=done)

    async def _autosave(self) -> None:
        # Not only when a message comes: a cell that trains for hours in silence must not keep the last one unsaved.
        while True:
            await asyncio.sleep(_AUTOSAVE_INTERVAL)
            try:
                self._record.save_if_due()
            except OSError as error:
                if not out_of_space(error):
                    self._control.stop(diagnosis.from_os_error(error, Path(self._record.output_path)))
                    return
                self._record.autosave_cell()  # there may be space for it later

    async def _start(self) -> None:
        options, timeout = self._options, self._options.start_timeout
        if options.kernel is None:
            # The kernel's own waiting ends a little later, so that a silent kernel is told from a dead one.
            start = self._kernel.start(timeout + 30)
        else:
            start = self._kernel.hand_over(options.environment, options.working_directory)
        try:
            client = await self._guarded(start, timeout, lambda: _start_timeout(timeout), interruptible=False)
        except Unavailable as error:
            raise AttemptEnded.failed(ReasonCode.KERNEL_NOT_STARTED, error.message, error.hint) from error
        self._client.kc = client
        self._nb.metadata["language_info"] = self._kernel.language_info

    async def _step(self, index: int, cell: NotebookNode) -> None:
        place = self._places.get(index)
        if self._control.ended is not None:
            raise self._control.ended
        self._record.cell_start(cell, index)
        if place is None:  # text, an empty cell, or one tagged to be skipped
            self._record.cell_complete(cell, index)
            return
        self._client.begin_cell()
        started = time.monotonic()
        self._report(place, "started")
        try:
            await self._run_cell(place, index, cell)
        except AttemptEnded as ended:
            if "ename" in ended.reason.details:  # the cell itself raised
                self._record.cell_exception(cell, cell_index=index)
            else:
                self._record.cell_interrupted(index)
            self._report(place, "ended", code=ended.reason.code)
            raise
        self._client.write_streams()
        self._record.cell_complete(cell, index)
        self._report(place, "completed", seconds=time.monotonic() - started)

    async def _run_cell(self, place: CellPlace, index: int, cell: NotebookNode) -> None:
        replies: list[dict[str, Any]] = []
        self._client.on_cell_executed = lambda execute_reply, **_: replies.append(execute_reply)
        limit = self._options.cell_timeout
        try:
            await self._guarded(
                self._client.async_execute_cell(cell, index), limit, lambda: _cell_timeout(place, limit or 0.0)
            )
        except CellExecutionError as error:
            content = replies[-1]["content"] if replies else {}
            ename = content.get("ename", error.ename)
            evalue = content.get("evalue", error.evalue)
            raise diagnosis.from_error(place, ename, evalue, content.get("traceback", [])) from error
        except DeadKernelError as error:
            killed_for_memory = out_of_memory_kills() > self._memory_kills
            raise diagnosis.from_dead_kernel(place, self._kernel.exit_status(), killed_for_memory) from error
        self._check_reply(place, cell, replies)

    def _check_reply(self, place: CellPlace, cell: NotebookNode, replies: list[dict[str, Any]]) -> None:
        content: dict[str, Any] = replies[-1]["content"] if replies else {"status": "missing"}
        if content.get("ename") == "SystemExit":  # allowed by the tag "raises-exception", but the run is over
            raise diagnosis.from_error(place, "SystemExit", content.get("evalue", ""), [])
        if any(payload.get("source") == "ask_exit" for payload in content.get("payload", ())):
            raise diagnosis.early_exit(place, "it called exit()")
        if content["status"] not in {"ok", "error"} or not isinstance(cell.execution_count, int):
            raise AttemptEnded.failed(
                ReasonCode.INTERNAL_ERROR, f"The kernel did not run {place}: it answered {content['status']!r}."
            )

    async def _guarded(
        self,
        work: Coroutine[Any, Any, Any],
        limit: float | None,
        on_limit: Callable[[], AttemptEnded],
        *,
        interruptible: bool = True,
    ) -> Any:
        """``work``'s result, unless somebody wants to stop or the limit passes: then interrupt, wait, kill, raise."""
        task = asyncio.ensure_future(work)
        await asyncio.wait({task, self._stopped}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and self._control.ended is None:
            self._control.stop(on_limit())
        if not task.done() and interruptible and not self._control.at_once:
            for _ in range(2):  # the first may be swallowed, by an except clause or a finalizer
                await self._kernel.interrupt()
                await asyncio.wait({task}, timeout=self._options.grace / 2)
                if task.done():
                    break
        if not task.done():
            await self._kernel.kill()
            await asyncio.wait({task}, timeout=3)
        if self._control.ended is None:
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise self._control.ended

    def _report(self, place: CellPlace, status: str, **fields: Any) -> None:
        if self._options.sink is not None:
            self._options.sink.event("cell", status=status, **place.as_json(), **fields)


def _places(nb: NotebookNode, skip_tag: str) -> dict[int, CellPlace]:
    runs = [
        (index, cell)
        for index, cell in enumerate(nb.cells)
        if cell.cell_type == "code" and cell.source.strip() and skip_tag not in cell.metadata.get("tags", [])
    ]
    return {
        index: CellPlace(index, number, len(runs), diagnosis.first_line(cell.source))
        for number, (index, cell) in enumerate(runs, start=1)
    }


def _start_timeout(limit: float) -> AttemptEnded:
    return AttemptEnded.failed(
        ReasonCode.KERNEL_NOT_STARTED,
        f"The kernel did not answer within {limit:g} seconds.",
        "Start it by hand to see what it waits for, or allow it more time with --start-timeout.",
        limit_seconds=limit,
    )


def _cell_timeout(place: CellPlace, limit: float) -> AttemptEnded:
    return AttemptEnded.failed(
        ReasonCode.TIMEOUT,
        f"A cell ran longer than {limit:g} seconds: {place}.",
        "Allow more time with --cell-timeout, or look at the executed notebook for what it was doing.",
        limit_seconds=limit,
        cell=place.as_json(),
    )
