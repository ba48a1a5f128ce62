"""The papermill engine ``modelops``: the same execution that jobs get, for ``papermill --engine modelops``."""

from __future__ import annotations

from typing import Any, TextIO

from jupyter_core.utils import run_sync
from nbformat import NotebookNode
from papermill.engines import Engine

from modelops_server.jobs.execution import Execution, ExecutionOptions
from modelops_server.jobs.recording import NotebookRecord
from modelops_server.jobs.states import AttemptEnded, ReasonCode


class ModelOpsEngine(Engine):  # type: ignore[misc]
    """Executes notebooks with atomic saves, bounded outputs, and an error for every way not to reach the last cell.

    Inside of a job the runner passes ``job_options``; under plain papermill the arguments are papermill's own.
    """

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        progress_bar: bool | dict[str, Any] = True,
        log_output: bool = False,
        autosave_cell_every: float = 3.0,
        job_options: ExecutionOptions | None = None,
        run: dict[str, Any] | None = None,
        **arguments: Any,
    ) -> NotebookNode:
        """Execute ``nb`` and save it to ``output_path`` as it grows; raises :class:`AttemptEnded`."""
        record = NotebookRecord(
            nb,
            output_path=output_path,
            progress_bar=progress_bar,
            log_output=log_output,
            save_every=autosave_cell_every,
            run=run,
        )
        options = job_options or _papermill_options(log_output=log_output, **arguments)
        record.notebook_start()
        try:
            run_sync(Execution(record, kernel_name, options).run)()
            record.mark_whole()
        except AttemptEnded as ended:
            # papermill finds a cell's exception in the notebook by itself, and marks the place before it raises.
            if job_options is not None or ended.reason.code != ReasonCode.CELL_ERROR:
                raise
        finally:
            record.notebook_complete()
        return record.nb


def _papermill_options(
    *,
    log_output: bool,
    stdout_file: TextIO | None = None,
    stderr_file: TextIO | None = None,
    start_timeout: float = 60,
    execution_timeout: float | None = None,
    **_: Any,
) -> ExecutionOptions:
    from papermill.log import logger

    files = {"stdout": stdout_file, "stderr": stderr_file}

    def on_text(stream: str, text: str) -> None:
        if log_output:
            logger.info(text) if stream == "stdout" else logger.warning(text)
        if (file := files.get(stream)) is not None:
            file.write(text)
            file.flush()

    return ExecutionOptions(start_timeout=start_timeout, cell_timeout=execution_timeout, on_text=on_text)
