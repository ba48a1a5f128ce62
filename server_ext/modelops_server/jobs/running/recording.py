"""The executed notebook as the record of a run: saved whole, saved seldom, and true also when the run was cut short."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import nbformat
from papermill.engines import NotebookExecutionManager

from modelops_server.jobs.notebooks import INTERRUPTED, close_cells, mark_run, write_notebook

_SAVE_SHARE = 20
"""A save that took a second is followed by at least so many seconds without one."""


class NotebookRecord(NotebookExecutionManager):  # type: ignore[misc]
    """papermill's record of a run, without its two lies: half-written files, and cells "completed" that never ran."""

    def __init__(
        self, nb: nbformat.NotebookNode, *, save_every: float = 3.0, run: dict[str, Any] | None = None, **options: Any
    ) -> None:
        """``save_every`` seconds at most once; ``run`` is kept in the notebook's metadata, such as the job's id."""
        self._began = datetime.now(UTC)
        self._ticks = time.monotonic()
        super().__init__(nb, **options)
        self._save_every = save_every
        self._next_save = 0.0
        self._changed = False
        self._run = run or {}
        self.before_save: Callable[[], None] = lambda: None
        self._mark(partial=True)

    def now(self) -> datetime:
        """The time by a clock that nobody sets: durations stay true when the wall clock is changed."""
        return self._began + timedelta(seconds=time.monotonic() - self._ticks)

    def save(self, **_: Any) -> None:
        """Save what has changed, now or, after a save a moment ago, when :meth:`save_if_due` is called next."""
        self._changed = True
        self.save_if_due()

    def autosave_cell(self) -> None:
        """Something was added to the running cell."""
        self._changed = True

    def save_if_due(self) -> None:
        """Save if there is something to save and the last save was not a moment ago."""
        if self._changed and time.monotonic() >= self._next_save:
            self.save_now()

    def save_now(self) -> None:
        """Save the notebook as it is; a reader, and a crash, find either the old or the new one, whole."""
        started = time.monotonic()
        self._changed = False
        if self.output_path:
            self.before_save()
            write_notebook(self.nb, str(self.output_path))
        ended = time.monotonic()
        self._next_save = ended + max(self._save_every, _SAVE_SHARE * (ended - started))

    def notebook_start(self, **options: Any) -> None:
        """Clear what an earlier run left, and save."""
        super().notebook_start(**options)
        self.save_now()

    def cell_interrupted(self, index: int) -> None:
        """The cell neither completed nor failed."""
        self.nb.cells[index].metadata.papermill["status"] = INTERRUPTED

    def notebook_complete(self, **_: Any) -> None:
        """The run is over: what has not run stays pending."""
        self.end_time = self.now()
        self.nb.metadata.papermill["end_time"] = self.end_time.isoformat()
        self.nb.metadata.papermill["duration"] = (self.end_time - self.start_time).total_seconds()
        self.cleanup_pbar()
        close_cells(self.nb)
        self.save_now()

    def mark_whole(self) -> None:
        """Every cell ran: the record is no longer partial."""
        self._mark(partial=False)

    def _mark(self, *, partial: bool) -> None:
        mark_run(self.nb, {**self._run, "partial": partial})
