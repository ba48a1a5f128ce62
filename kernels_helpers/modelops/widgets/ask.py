"""An index that is asked inside a notebook: the answer as it comes, and the passages that it stands on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from traitlets import Dict, List, Unicode

from modelops.client import Client
from modelops.client.indexes import CitedReply, Index
from modelops.errors import InvalidInput, ModelOpsError
from modelops.widgets.base import told
from modelops.widgets.conversation import read_showing
from modelops.widgets.spoken import Spoken
from modelops.widgets.wording import answer_in_parts, checks_in_words, passages_in_words


class Ask(Spoken):
    """``Ask("handbook")``: an index that is searched, and asked with citations that open what they point to.

    ``ask.ask("…")`` asks from Python, ``ask.search("…")`` only searches. ``model`` names the endpoint that answers,
    where there are several; ``search`` are settings of the search, ``options`` those of the answer, see
    :class:`modelops.client.indexes.Index`.
    """

    index = Unicode().tag(sync=True)
    """The version that is asked, such as ``handbook@3``."""
    question = Unicode().tag(sync=True)
    """What was asked last."""
    answer = Dict().tag(sync=True)
    """``state`` (``searching``, ``waiting``, ``streaming``, ``done``, ``stopped``, ``failed``), ``parts``, see
    :func:`modelops.widgets.wording.answer_in_parts`, and ``checks`` in words."""
    passages: List[Any] = List().tag(sync=True)
    """What was found, best first, see :func:`modelops.widgets.wording.passages_in_words`."""

    def __init__(
        self,
        index: str | Index,
        *,
        model: str | None = None,
        search: Mapping[str, Any] | None = None,
        client: Client | None = None,
        **options: Any,
    ) -> None:
        self._index = index if isinstance(index, Index) else (client or Client()).indexes[index]
        self._model, self._search, self._options = model, dict(search or {}), options
        self._running: CitedReply | None = None
        super().__init__(shows="ask", index=self._index.ref)

    def ask(self, question: str) -> CitedReply:
        """Ask, show the answer as it comes, and return it when it has ended.

        Raises ``ModelOpsError`` with what is in the way, which is shown, too; an interrupt breaks the answer off.
        """
        return self._now(lambda: self._ask(question))

    def search(self, question: str) -> list[dict[str, Any]]:
        """Only find passages, best first, and show them; no model is asked."""
        return self._now(lambda: self._find(question))

    def stop(self) -> None:
        if running := self._running:
            running.stop()

    def as_text(self) -> str:
        if not self.question:
            return f"Ask {self.index}: nothing was asked yet."
        found = [f"[{one['number']}] {one['where']}" for one in self.passages]
        answer = "".join(part["text"] for part in self.answer.get("parts", ()))
        said = [self.question, answer, self.answer.get("checks", ""), "\n".join(found)]
        return "\n\n".join(part for part in said if part)

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {"send": lambda: self._drafted(self._ask), "search": lambda: self._drafted(self._find)}

    def _drafted(self, work: Callable[[str], Any]) -> None:
        question, self.draft = self.draft, ""
        if question.strip():  # the second of two clicks finds nothing
            work(question)

    def _find(self, question: str) -> list[dict[str, Any]]:
        self._begin(question, "searching")
        try:
            hits = self._index.search(question, **self._search)
        except Exception as error:
            self._fail(error)
            raise
        with self.hold_sync():
            self.passages = passages_in_words(hits)
            self.answer = {**self.answer, "state": "done"}
        return hits

    def _ask(self, question: str) -> CitedReply:
        reply = self._running = self._index.ask(question, model=self._model, search=self._search, **self._options)
        try:
            self._begin(question, "waiting")
            read_showing(reply, lambda one: self._show(one, "streaming" if one.text else "waiting"))
        except Exception as error:
            self._fail(error)
            raise
        finally:
            self._running = None
        self._show(reply, "stopped" if reply.stopped else "done")
        return reply

    def _begin(self, question: str, state: str) -> None:
        if not question.strip():
            raise InvalidInput("nothing_asked", "There is nothing to be answered.", "Ask something.")
        with self.hold_sync():
            self.question, self.passages, self.trouble = question, [], {}
            self.answer = {"state": state, "parts": [], "checks": ""}

    def _show(self, reply: CitedReply, state: str) -> None:
        with self.hold_sync():
            self.passages = passages_in_words(reply.passages, reply.citations)
            parts = answer_in_parts(reply.text, reply.citations)
            self.answer = {"state": state, "parts": parts, "checks": checks_in_words(reply.checks)}

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ModelOpsError):
            error = ModelOpsError("internal_error", f"{type(error).__name__}: {error}")
        with self.hold_sync():
            self.trouble = told(error)
            self.answer = {**self.answer, "state": "failed"}
