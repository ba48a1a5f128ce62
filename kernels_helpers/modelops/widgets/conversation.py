"""A conversation with an endpoint: what was said, how the next answer is asked for, and what counts as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any, TypeVar

from modelops.client import Endpoint, Reply
from modelops.client.streamed import Streamed
from modelops.errors import InvalidInput

_INTERVAL = 0.1
"""Seconds between two looks at an answer that comes: more of them cannot be read."""

S = TypeVar("S", bound=Streamed)

Show = Callable[[Reply], None]
"""Called when an answer is asked for, and as it comes."""


def read_showing(reply: S, show: Callable[[S], None]) -> None:
    """Wait for all of an answer, and show it when it is asked for and as it comes."""
    show(reply)
    shown = time.monotonic()
    with closing(iter(reply)) as pieces:
        for _ in pieces:
            if time.monotonic() - shown >= _INTERVAL:
                show(reply)
                shown = time.monotonic()


class Conversation:
    """What the user and a model say in turn; ``turns`` are messages without the system prompt.

    An answer counts when it has ended or was broken off, and says anything. A question that was not answered is
    dropped with the next one: templates of models want user and assistant in turn.
    """

    def __init__(self, endpoint: Endpoint, system: str = "") -> None:
        self.endpoint = endpoint
        self.system = system
        self.turns: list[dict[str, str]] = []
        self._running: Reply | None = None

    @property
    def messages(self) -> list[dict[str, str]]:
        """All of it as the API takes it, the system prompt first where there is one."""
        system = [{"role": "system", "content": self.system}] if self.system.strip() else []
        return [*system, *({**turn} for turn in self.turns)]

    @messages.setter
    def messages(self, messages: Iterable[Mapping[str, Any]]) -> None:
        """Go on from these; raises ``InvalidInput`` with code ``invalid_messages``, and changes nothing then."""
        said: list[dict[str, Any]] = [{key: message.get(key) for key in ("role", "content")} for message in messages]
        system = said.pop(0)["content"] if said and said[0]["role"] == "system" else ""
        texts = [system, *(turn["content"] for turn in said)]
        if {turn["role"] for turn in said} - {"user", "assistant"} or not all(isinstance(text, str) for text in texts):
            raise InvalidInput(
                "invalid_messages",
                "These are not the messages of a conversation.",
                'Give {"role": "user" or "assistant", "content": "…"}, and at most one "system", the first.',
            )
        self.system, self.turns = system, said

    def ask(self, text: str, show: Show, **options: Any) -> Reply:
        """Say something, and return the answer when it has ended; ``options`` are those of the API.

        Raises ``ModelOpsError`` with what the endpoint says; ``KeyboardInterrupt`` breaks the answer off.
        """
        if not text.strip():
            raise InvalidInput("nothing_asked", "There is nothing to be answered.", "Say something first.")
        self._drop("user")
        self.turns.append({"role": "user", "content": text})
        return self._answer(show, options)

    def again(self, show: Show, **options: Any) -> Reply:
        """Ask the last question once more, as :meth:`ask`; the new answer takes the place of the old one."""
        self._drop("assistant")
        if not self.turns:
            raise InvalidInput("nothing_asked", "Nothing was asked that could be answered again.", "Say something.")
        return self._answer(show, options)

    def stop(self) -> None:
        """Break off the answer that comes now, from any thread."""
        if running := self._running:
            running.stop()

    def _drop(self, role: str) -> None:
        while self.turns and self.turns[-1]["role"] == role:
            self.turns.pop()

    def _answer(self, show: Show, options: Mapping[str, Any]) -> Reply:
        given = {name: value for name, value in options.items() if value is not None}
        reply = self._running = self.endpoint.stream(self.messages, **given)
        try:
            read_showing(reply, show)
        except KeyboardInterrupt:
            reply.stop()
            self._keep(reply)
            raise
        except InvalidInput as error:
            if error.code == "context_length_exceeded":
                hint = "Start over, ask for fewer tokens, or serve the model with a larger --context."
                raise InvalidInput(error.code, error.message, hint) from error
            raise
        finally:
            self._running = None
        self._keep(reply)
        return reply

    def _keep(self, reply: Reply) -> None:
        if reply.text.strip():
            self.turns.append({"role": "assistant", "content": reply.text})
