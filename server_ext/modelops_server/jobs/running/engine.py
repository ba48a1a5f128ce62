"""The papermill engine ``modelops``: the same execution that jobs get, for ``papermill --engine modelops``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from modelops_server.jobs.states import AttemptEnded, ReasonCode

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from modelops_server.jobs.running.execution import ExecutionOptions


class ModelOpsEngine:
    """Executes notebooks with atomic saves, bounded outputs, and an error for every way not to reach the last cell.

    Inside of a job the runner passes ``job_options``; under plain papermill the arguments are papermill's own. It has
    the interface of ``papermill.engines.Engine`` without being a subclass: papermill loads this module in the middle
    of its own import.
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
        from jupyter_core.utils import run_sync

        from modelops_server.jobs.running.execution import Execution
        from modelops_server.jobs.running.recording import NotebookRecord

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
        return nb

    @classmethod
    def nb_kernel_name(cls, nb: NotebookNode, name: str | None = None) -> str:
        """The kernel to use: ``name``, or else the notebook's own."""
        from papermill.utils import nb_kernel_name

        kernel: str = nb_kernel_name(nb, name)
        return kernel

    @classmethod
    def nb_language(cls, nb: NotebookNode, language: str | None = None) -> str:
        """The language that parameters are written in: ``language``, or else the notebook's own."""
        from papermill.utils import nb_language

        found: str = nb_language(nb, language)
        return found


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

    from modelops_server.jobs.running.execution import ExecutionOptions

    files = {"stdout": stdout_file, "stderr": stderr_file}

    def on_text(stream: str, text: str) -> None:
        if log_output:
            logger.info(text) if stream == "stdout" else logger.warning(text)
        if (file := files.get(stream)) is not None:
            file.write(text)
            file.flush()

    return ExecutionOptions(start_timeout=start_timeout, cell_timeout=execution_timeout, on_text=on_text)
