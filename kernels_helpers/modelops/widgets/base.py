"""What the widgets share: the connection, work beside the kernel's own thread, and text where none is rendered."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anywidget
from traitlets import Dict, Unicode

from modelops.errors import ModelOpsError
from modelops.widgets import assets
from modelops.widgets.prose import as_markdown


class View(anywidget.AnyWidget):
    """A widget whose traits are what the server said last; the front end sends messages with a ``kind``.

    Requests are made in a thread of the widget's own, one after the other, so the kernel stays free for the next cell.
    """

    _esm = assets.module()
    _css = assets.style()

    _worker: ThreadPoolExecutor | None = None

    shows = Unicode().tag(sync=True)
    """Which of the views the front end is to draw."""
    trouble = Dict().tag(sync=True)
    """What kept the last request from being answered: ``message`` and ``hint``."""

    def __init__(self, **traits: Any) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="modelops-widget")
        super().__init__(**traits)
        self.on_msg(lambda _widget, content, _buffers: self._receive(content))

    def close(self) -> None:
        """Stop working for this view; the job or artifact it shows is not touched."""
        if self._worker is not None:  # it is closed, too, where there is no server to show anything of
            self._worker.shutdown(wait=False, cancel_futures=True)
        super().close()

    def _receive(self, content: Any) -> None:
        """Answer a message of the front end: ``kind`` names the method ``_on_<kind>``, which runs in the thread."""
        kind = content.get("kind") if isinstance(content, dict) else None
        handler = self._handlers().get(kind) if isinstance(kind, str) else None
        if handler is not None:
            self._in_background(handler)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        """The messages that the front end may send."""
        return {}

    def _in_background(self, work: Callable[[], None]) -> None:
        if self._worker is not None:
            self._worker.submit(self._telling_trouble, work)

    def _telling_trouble(self, work: Callable[[], None]) -> None:
        try:
            work()
            self.trouble = {}
        except ModelOpsError as error:
            self.trouble = told(error)
        except Exception as error:  # noqa: BLE001 -- nobody waits for this thread: what is wrong is shown, not lost
            self.trouble = told(ModelOpsError("internal_error", f"{type(error).__name__}: {error}"))

    def as_text(self) -> str:
        """What is shown, for a front end without widgets and for the saved notebook."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **options: Any) -> Any:
        data, metadata = super()._repr_mimebundle_(**options) or ({}, {})
        text = self.as_text()
        return {**data, "text/plain": text, "text/markdown": as_markdown(text)}, metadata


def told(error: ModelOpsError) -> dict[str, str]:
    """An error as the front end shows it."""
    return {"code": error.code, "message": error.message, "hint": error.hint}
