"""A chat with an endpoint inside a notebook: what is said, the answer as it comes, and how it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from traitlets import Float, Int, List, Unicode

from modelops.client import Client, Endpoint, Reply
from modelops.errors import ModelOpsError
from modelops.widgets.base import told
from modelops.widgets.conversation import Conversation
from modelops.widgets.spoken import Spoken
from modelops.widgets.wording import answer_in_words


class Chat(Spoken):
    """``Chat("support-bot")``: a conversation with an endpoint, or with one of its adapters as ``model``.

    ``chat.messages`` is what was said, and can be set; ``chat.ask("…")`` says something from Python; ``chat.answer`` is
    the last answer, see :func:`modelops.widgets.wording.answer_in_words`. ``options`` are further ones of OpenAI's chat
    completions, such as ``seed``.
    """

    model = Unicode().tag(sync=True)
    """Who answers."""
    system = Unicode().tag(sync=True)
    """What the model is told before the conversation."""
    temperature = Float(None, allow_none=True).tag(sync=True)
    max_tokens = Int(None, allow_none=True).tag(sync=True)
    turns: List[Any] = List().tag(sync=True)
    """What was said and counts, without the system prompt."""

    def __init__(
        self,
        endpoint: str | Endpoint,
        *,
        model: str | None = None,
        system: str = "",
        temperature: float | None = None,
        max_tokens: int | None = None,
        client: Client | None = None,
        **options: Any,
    ) -> None:
        found = endpoint if isinstance(endpoint, Endpoint) else (client or Client()).endpoints[endpoint]
        self._conversation = Conversation(found)
        self._options = options
        self._reply: Reply | None = None
        chosen = {"system": system, "temperature": temperature, "max_tokens": max_tokens}
        super().__init__(shows="chat", model=model or found.name, **chosen)

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation as a list of ``{"role": …, "content": …}``, the system prompt first where there is one."""
        self._conversation.system = self.system
        return self._conversation.messages

    @messages.setter
    def messages(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Go on from these; an answer that comes now is broken off. Raises ``InvalidInput`` for what is none."""
        self.stop()
        self._now(lambda: self._replace(messages))

    def ask(self, text: str) -> Reply:
        """Say something, show the answer as it comes, and return it when it has ended.

        Raises ``ModelOpsError`` with what the endpoint says, which is shown, too; an interrupt breaks the answer off.
        """
        return self._now(lambda: self._ask(text))

    def stop(self) -> None:
        self._conversation.stop()

    def as_text(self) -> str:
        names = {"user": "You", "assistant": self.model, "system": "System prompt"}
        said = [f"{names[message['role']]}:\n{message['content']}" for message in self.messages]
        return "\n\n".join(said) or f"A chat with {self.model}: nothing was said yet."

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {"send": self._say, "again": self._again, "clear": self._clear}

    def _say(self) -> None:
        text, self.draft = self.draft, ""
        if text.strip():  # the second of two clicks finds nothing
            self._ask(text)

    def _again(self) -> None:
        self._answered(self._conversation.again)

    def _clear(self) -> None:
        self._replace([message for message in self.messages if message["role"] == "system"])

    def _ask(self, text: str) -> Reply:
        return self._answered(partial(self._conversation.ask, text))

    def _replace(self, messages: Iterable[Mapping[str, Any]]) -> None:
        self._conversation.messages = messages
        with self.hold_sync():
            self.system, self.turns = self._conversation.system, [*self._conversation.turns]
            self.answer, self.trouble = {}, {}

    def _answered(self, asked: Callable[..., Reply]) -> Reply:
        self._conversation.system, self._reply, self.trouble = self.system, None, {}
        chosen = {"temperature": self.temperature, "max_tokens": self.max_tokens}
        try:
            reply = asked(self._show, model=self.model, **chosen, **self._options)
        except ModelOpsError as error:
            with self.hold_sync():
                self.trouble = told(error)
                if self._reply is not None:
                    self._show(self._reply, failed=True)
            raise
        self._show(reply)
        return reply

    def _show(self, reply: Reply, *, failed: bool = False) -> None:
        self._reply = reply
        with self.hold_sync():
            self.turns = [*self._conversation.turns]
            self.answer = answer_in_words(reply, self.max_tokens, failed=failed)
