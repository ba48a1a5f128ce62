"""The runner: the process that executes one attempt of a job, from the claim to the truth about how it ended.

``python -m modelops_server.jobs.running.runner <job folder> <epoch>``, or, to be given an attempt later,
``python -m modelops_server.jobs.running.runner --standby <state home> <token> <kernel> [<package>…]``
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from modelops.errors import ModelOpsError, Unavailable
from modelops.events import JOB_FOLDER
from modelops.paths import StateHome
from modelops_server.jobs.ending import end_attempt
from modelops_server.jobs.journal import EVENTS, Journal, last_lines
from modelops_server.jobs.notebooks import close_notebook
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.running import diagnosis
from modelops_server.jobs.running.control import Control
from modelops_server.jobs.running.environment import list_environment, write_environment
from modelops_server.jobs.running.kernels import find_kernel, kernel_defaults
from modelops_server.jobs.running.watch import Watch
from modelops_server.jobs.spec import INPUT, OUTPUT, RUNNER_LOCK, RUNNER_LOG, JobSpec
from modelops_server.jobs.states import AttemptEnded, Reason, ReasonCode, State
from modelops_server.processes import (
    JOB_ID,
    AlreadyLocked,
    Identity,
    become_subreaper,
    file_lock,
    kill_job,
)

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from modelops_server.jobs.running.finishing import Result
    from modelops_server.jobs.running.standby import Warm

STAND_BY = "--standby"

_LOCK_PATIENCE = 5.0
_PAUSE = 0.5

T = TypeVar("T")

_log = logging.getLogger("modelops.runner")


class Runner:
    """One attempt."""

    def __init__(self, folder: Path, epoch: int, warm: Warm | None = None) -> None:
        """``warm`` is what a standby runner has prepared before it got this attempt."""
        self._folder = folder
        self._epoch = epoch
        self._home = StateHome(folder.parent.parent)
        self._spec = JobSpec.read(folder)
        self._warm = warm if warm is not None and warm.fits(self._spec.kernel) else None
        self._control = Control()
        self._queue = Queue(self._home)
        self._journal = Journal(folder)
        self._offset = (folder / EVENTS).stat().st_size
        """Where this attempt's events begin in the journal."""
        self._environment: Future[bytes] | None = None
        """The content of ``environment.txt``, which is found out while the notebook runs."""
        self._ran = False
        """Whether the notebook ran to its end."""
        self._started = datetime.now(UTC)
        self._ticks = time.monotonic()

    def run(self) -> None:
        """Execute the attempt and enter its end; does nothing when the attempt is not (or no longer) this runner's."""
        if not self._patiently(lambda: self._queue.adopt(self._spec.id, self._epoch, Identity.mine())):
            return
        become_subreaper()
        signal.signal(signal.SIGTERM, self._on_terminate)
        signal.signal(signal.SIGINT, self._on_terminate)
        watch = Watch(self._home, self._spec, self._epoch, self._control, self._folder)
        watch.start()
        try:
            self._journal.state(State.STARTING, self._epoch)
            if self._spec.finish_of is None:
                self._clear()
                self._execute()
            self._ran = True
            watch.execution_ended()
            self._clean_up()
            self._patiently(lambda: self._queue.heartbeat(self._spec.id, self._epoch, watch.peak_memory))
            self._finish()
        except AttemptEnded as ended:
            self._end(ended, watch)
        except OSError as error:
            _log.exception("unexpected")
            self._end(diagnosis.from_os_error(error, self._folder / OUTPUT), watch)
        except Exception as error:  # noqa: BLE001 - whatever happens, the job must end, and say so
            _log.exception("unexpected")
            self._end(diagnosis.unexpected(error), watch)
        finally:
            watch.stop()
            self._journal.close()

    def _clear(self) -> None:
        """Put aside what an earlier attempt left; its checkpoints stay for a template that can go on from them."""
        output = self._folder / OUTPUT
        if output.exists():
            output.rename(output.with_name(f"output.{self._epoch - 1}.ipynb"))
        for name in ("outputs",) if self._spec.resumable else ("outputs", "checkpoints"):
            shutil.rmtree(self._folder / name, ignore_errors=True)
        (self._folder / "outputs").mkdir()

    def _execute(self) -> None:
        from modelops_server.jobs.running.engine import ModelOpsEngine
        from modelops_server.jobs.running.execution import ExecutionOptions

        options = self._spec.options
        ModelOpsEngine.execute_notebook(
            self._parametrised(),
            self._spec.kernel,
            output_path=str(self._folder / OUTPUT),
            progress_bar=False,
            run={"job": self._spec.id, "attempt": self._epoch},
            job_options=ExecutionOptions(
                sink=self._journal,
                control=self._control,
                environment=self._kernel_environment(),
                working_directory=self._working_directory(),
                start_timeout=options.start_timeout,
                cell_timeout=options.cell_timeout,
                grace=options.grace,
                label=self._spec.id,
                bound=True,
                kernel=self._warm.kernel if self._warm else None,
                on_running=self._on_running,
            ),
        )

    def _parametrised(self) -> NotebookNode:
        from papermill.iorw import load_notebook_node
        from papermill.parameterize import parameterize_notebook

        spec = self._spec
        notebook: NotebookNode = load_notebook_node(str(self._folder / INPUT))
        # Who opens the executed notebook gets the kernel that it ran on.
        kernel = find_kernel(spec.kernel)
        notebook.metadata["kernelspec"] = {
            "name": spec.kernel,
            "display_name": kernel.display_name,
            "language": kernel.language,
        }
        if spec.parameters:
            notebook = parameterize_notebook(
                notebook, spec.parameters, kernel_name=spec.kernel, language=spec.language, engine_name="modelops"
            )
        return notebook

    def _kernel_environment(self) -> dict[str, str]:
        secrets = {}
        for secret in self._spec.secrets:
            value = os.environ.get(secret.variable)
            if value is None:
                raise AttemptEnded.failed(
                    ReasonCode.PREFLIGHT,
                    f"The secret {secret.variable} (parameter {secret.parameter}) is not set where the job runs.",
                    f"Set the environment variable {secret.variable} for the worker, and run the job again.",
                )
            secrets[secret.variable] = value
        return {
            **kernel_defaults(),
            **secrets,
            **self._visible_gpus(),
            JOB_ID: self._spec.id,
            JOB_FOLDER: str(self._folder),
            "MODELOPS_HOME": str(self._home.root),
        }

    def _visible_gpus(self) -> dict[str, str]:
        job = self._queue.get(self._spec.id)
        gpus = job.attempt.gpus if job.attempt else ()
        # A job that holds none by name (there are none that we know of) is left with what it finds by itself.
        return {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus or job.request.gpus == 0 else {}

    def _working_directory(self) -> Path:
        folder = Path(self._spec.working_directory)
        if not folder.is_dir():
            raise AttemptEnded.failed(
                ReasonCode.PREFLIGHT,
                f"The folder that the job was submitted from is gone: {folder}",
                "Submit it again from a folder that stays.",
            )
        return folder

    def _on_running(self) -> None:
        if self._move([State.STARTING], State.RUNNING):
            self._journal.state(State.RUNNING, self._epoch)
        self._environment = ThreadPoolExecutor(1).submit(self._list_environment)

    def _list_environment(self) -> bytes:
        content = self._warm.environment if self._warm else list_environment(self._spec.kernel)
        with suppress(OSError):  # for who looks while it runs; at the end it is written for certain
            write_environment(self._folder, content)
        return content

    def _finish(self) -> None:
        from modelops_server.jobs.running.finishing import Finisher

        if self._spec.finish_of is not None:
            self._move([State.STARTING], State.RUNNING)
        if not self._move([State.RUNNING], State.FINALIZING):
            raise AttemptEnded(State.INTERRUPTED, Reason(ReasonCode.FENCED, "The attempt was given up by others."))
        self._journal.state(State.FINALIZING, self._epoch)
        result = self._result()
        self._patiently(lambda: Finisher(self._queue, self._spec, self._epoch).finish(result))
        self._journal.state(State.SUCCEEDED, self._epoch)

    def _result(self) -> Result:
        """What is to be stored: this attempt's, or that of the job whose outputs found no space."""
        from modelops_server.jobs.running.finishing import Result

        if self._spec.finish_of is not None:
            return Result.read(self._home.jobs / self._spec.finish_of)
        result = Result(
            folder=self._folder,
            offset=self._offset,
            environment_sha256=write_environment(
                self._folder, self._environment.result() if self._environment else b""
            ),
            started=self._started,
            finished=self._started + timedelta(seconds=time.monotonic() - self._ticks),
        )
        result.write()
        return result

    def _end(self, ended: AttemptEnded, watch: Watch) -> None:
        self._clean_up()
        details = {**ended.reason.details, "peak_memory_bytes": watch.peak_memory}
        if ended.reason.code == ReasonCode.KERNEL_NOT_STARTED:
            details["log"] = last_lines(self._folder / RUNNER_LOG)
        reason = Reason(ended.reason.code, ended.reason.message, ended.reason.hint, details)
        if reason.code == ReasonCode.FENCED:
            return  # whoever fenced this attempt off has the say
        try:
            if not self._ran:
                close_notebook(self._folder / OUTPUT, {"reason": str(reason.code)})
            self._queue.heartbeat(self._spec.id, self._epoch, watch.peak_memory)
        except (OSError, ModelOpsError) as error:
            # What says how the job ended matters more than what tells the story.
            _log.warning("The record is not complete: %s", error)
        self._patiently(
            lambda: end_attempt(
                self._queue,
                self._spec.id,
                self._epoch,
                AttemptEnded(ended.state, reason),
                self._spec.options.retry_on,
            )
        )

    def _move(self, before: list[State], after: State, reason: Reason | None = None) -> bool:
        return self._patiently(lambda: self._queue.move(self._spec.id, self._epoch, before, after, reason))

    def _patiently(self, change: Callable[[], T]) -> T:
        """Make a change, however long the database is locked or the disk full: hours of work wait for this."""
        while True:
            try:
                return change()
            except Unavailable as error:
                _log.warning("%s", error)
                time.sleep(_PAUSE)

    def _clean_up(self) -> None:
        """Nothing of the attempt outlives it."""
        if self._environment is not None:
            wait([self._environment])
        left = kill_job(self._spec.id, roots=[os.getpid()])
        if left:
            _log.warning("Processes that could not be killed: %s", sorted(left))

    def _on_terminate(self, number: int, frame: Any) -> None:
        reason = Reason(ReasonCode.TERMINATED, f"The runner was told to stop ({signal.Signals(number).name}).")
        self._control.stop(AttemptEnded(State.INTERRUPTED, reason))


def main(arguments: list[str]) -> None:
    """Run the attempt that the command line names, or wait to be given one."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    # jsonschema tries these for formats that no notebook uses: compiling rfc3987_syntax's grammar takes 1.6 s of every
    # job's start; papermill imports pyarrow for Hadoop paths.
    for unused in ("rfc3987_syntax", "pyarrow"):
        sys.modules[unused] = None  # type: ignore[assignment]
    if arguments[0] != STAND_BY:
        run_attempt(Path(arguments[0]).absolute(), int(arguments[1]))
        return
    from modelops_server.jobs.running.standby import stand_by

    order = stand_by(StateHome(Path(arguments[1])), *arguments[2:])
    if order is not None:
        run_attempt(order.folder, order.epoch, order.warm)


def run_attempt(folder: Path, epoch: int, warm: Warm | None = None) -> None:
    """Run an attempt unless a living runner does."""
    with ExitStack() as stack:
        deadline = time.monotonic() + _LOCK_PATIENCE
        while True:
            try:
                stack.enter_context(file_lock(folder / RUNNER_LOCK))
                break
            except AlreadyLocked:  # somebody looks whether a runner lives, or one does
                if time.monotonic() > deadline:
                    return
                time.sleep(0.05)
        Runner(folder, epoch, warm).run()


if __name__ == "__main__":
    main(sys.argv[1:])
