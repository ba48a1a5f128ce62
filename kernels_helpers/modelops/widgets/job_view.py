"""A job inside a notebook, live: where it is, its curves, its log, and how it ended."""

from __future__ import annotations

from collections.abc import Callable

from traitlets import Dict

from modelops.client import Client, Job
from modelops.widgets.base import View
from modelops.widgets.feed import Feed


class JobShowing(View):
    """A widget that shows a job, or may come to."""

    job = Dict().tag(sync=True)
    """The job in words, see :func:`modelops.widgets.wording.job_in_words`; empty while there is none."""

    _feed: Feed | None = None

    def wait(self, seconds: float = 3600.0) -> None:
        """Return when the job has ended and is shown so, or after ``seconds``."""
        if self._feed is not None:
            self._feed.join(seconds)

    def close(self) -> None:
        self._unfollow()
        super().close()

    def _follow(self, job: Job) -> None:
        self._feed = Feed(job, self._show, self.send)
        self.job = self._feed.view()
        self._feed.start()

    def _unfollow(self) -> None:
        if self._feed is not None:
            self._feed.stop()
            self._feed = None

    def _show(self, feed: Feed) -> None:
        if feed is self._feed:
            self.job = feed.view()

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {"hello": self._resend, "cancel": self._cancel}

    def _resend(self) -> None:
        if self._feed is not None:
            self._feed.resend()

    def _cancel(self) -> None:
        if self._feed is not None:
            self._feed.job.cancel()
            self._show(self._feed)

    def _job_as_text(self) -> str:
        """The job as text: its state, where it is or why it ended, and what it made."""
        view = self.job
        after = f" after {view['duration']}" if view["duration"] else ""
        reason = view["reason"]
        lines = [f"{view['mark']} {view['title']} {view['id']}: {view['state']}{after}"]
        lines += [view["waiting"], view["cell"], view["step"], view["left"]]
        lines += [reason["message"], reason["hint"]] if reason else []
        lines += [f"made {ref}" for ref in view["artifacts"]]
        return "\n".join(line for line in lines if line)


class JobView(JobShowing):
    """``JobView("sft-0tvnekde")``: what a job does, drawn as it happens; the job goes on when the view is closed."""

    def __init__(self, job: str | Job, client: Client | None = None) -> None:
        found = (client or Client()).jobs.get(job) if isinstance(job, str) else job
        super().__init__(shows="job")
        self._follow(found)

    def as_text(self) -> str:
        return self._job_as_text()
