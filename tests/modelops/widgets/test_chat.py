"""``Chat``: what is said and answered as traits, against a real engine, and text where no widget is drawn."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_endpoint import ScriptedEndpoint
from tiny_endpoint import register_gguf, serving
from tiny_gguf import tiny_gguf

from modelops import Client
from modelops.client import Endpoint
from modelops.errors import InvalidInput, NotFound
from modelops.widgets import Chat

__all__ = ["tiny_gguf"]


@pytest.fixture(scope="module")
def endpoint(client: Client, running_server: Any, tiny_gguf: Path) -> Iterator[Endpoint]:
    register_gguf(running_server.home, tiny_gguf, "spoken-to")
    with serving(client, "spoken-to", parallel=1) as started:
        yield started


@pytest.fixture
def chat(endpoint: Endpoint, front_end: Any) -> Iterator[Chat]:
    chat = Chat(endpoint, max_tokens=8, temperature=1.0, seed=1, ignore_eos=True)
    yield chat
    chat.close()


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_python_says_is_answered_and_shown(chat: Chat) -> None:
    reply = chat.ask("hi")

    assert reply.text
    assert chat.messages == [{"role": "user", "content": "hi"}, {"role": "assistant", "content": reply.text}]
    assert chat.turns == chat.messages
    assert (chat.answer["state"], chat.answer["ending"]) == ("done", "cut off after 8 tokens, as set")
    assert chat.answer["facts"].startswith("8 tokens · ")
    assert "tokens/s · first after " in chat.answer["facts"]


def test_what_the_front_end_says_is_answered_once(chat: Chat, front_end: Any) -> None:
    front_end.change(chat, draft="hi")
    front_end.say(chat, kind="send")
    front_end.say(chat, kind="send")

    assert [turn["role"] for turn in chat.turns] == ["user", "assistant"]
    assert (chat.draft, chat.trouble) == ("", {})


def test_an_answer_comes_piece_by_piece(scripted: ScriptedEndpoint, front_end: Any) -> None:
    chat = Chat(scripted, top_p=0.9)
    seen: list[dict[str, str]] = []
    chat.observe(lambda change: seen.append(change["new"]), "answer")

    chat.ask("hi")

    assert [one["state"] for one in seen] == ["waiting", *["streaming"] * 5, "done"]
    assert [one["text"] for one in seen][:3] == ["", "Once ", "Once upon "]
    assert scripted.asked[0]["top_p"] == 0.9
    assert "temperature" not in scripted.asked[0]
    chat.close()


def test_more_pieces_than_can_be_read_are_shown_together(scripted: ScriptedEndpoint, front_end: Any) -> None:
    scripted.pieces, scripted.pause = ["x"] * 500, 0
    chat = Chat(scripted)
    seen: list[Any] = []
    chat.observe(seen.append, "answer")

    assert len(chat.ask("hi").text) == 500
    assert len(seen) < 100
    chat.close()


def test_the_next_question_goes_on_and_again_takes_the_answers_place(chat: Chat, front_end: Any) -> None:
    chat.ask("hi")
    chat.ask("and then?")
    chat.max_tokens = 3
    front_end.say(chat, kind="again")

    assert [turn["role"] for turn in chat.turns] == ["user", "assistant", "user", "assistant"]
    assert chat.answer["facts"].startswith("3 tokens")


def test_the_system_prompt_and_what_is_set_are_part_of_what_is_asked(chat: Chat, endpoint: Endpoint) -> None:
    said = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "Hello."},
    ]
    chat.messages = said

    reply = chat.ask("and then?")

    asked = [*said, {"role": "user", "content": "and then?"}]
    assert chat.system == "Be short."
    assert reply.text == endpoint.chat(asked, max_tokens=8, temperature=1, seed=1, ignore_eos=True).text
    assert chat.messages[:-1] == asked


def test_what_are_no_messages_changes_nothing(chat: Chat) -> None:
    chat.ask("hi")
    before = chat.messages
    for wrong in ([{"role": "tool", "content": "x"}], [{"role": "user", "content": 3}], [{"text": "x"}]):
        with pytest.raises(InvalidInput) as error:
            chat.messages = wrong
        assert error.value.code == "invalid_messages"

    assert chat.messages == before


def test_stop_hangs_up_and_keeps_what_has_come(scripted: ScriptedEndpoint, front_end: Any) -> None:
    chat = Chat(scripted)
    chat.draft = "hi"
    chat._receive({"kind": "send"})
    until(lambda: chat.answer.get("text"))

    front_end.say(chat, kind="stop")

    assert chat.answer["state"] == "stopped"
    assert chat.answer["ending"] == "stopped before its end"
    assert chat.turns[-1] == {"role": "assistant", "content": chat.answer["text"]}
    assert scripted.hung_up.wait(10)
    chat.close()


def test_stop_before_the_first_piece_keeps_the_question(scripted: ScriptedEndpoint, front_end: Any) -> None:
    scripted.pause = 60
    chat = Chat(scripted)
    chat.draft = "hi"
    chat._receive({"kind": "send"})
    until(lambda: scripted.asked)

    front_end.say(chat, kind="stop")

    assert chat.answer["state"] == "stopped"
    assert chat.turns == [{"role": "user", "content": "hi"}]
    chat.close()


def test_an_interrupt_breaks_off_what_python_asked(scripted: ScriptedEndpoint, front_end: Any) -> None:
    chat = Chat(scripted)
    threading.Timer(0.4, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()

    with pytest.raises(KeyboardInterrupt):
        chat.ask("hi")

    assert chat.answer["state"] == "stopped"
    assert chat.turns[-1]["content"].startswith("Once ")
    assert scripted.hung_up.wait(10)
    chat.close()


def test_messages_that_are_set_break_off_the_answer_that_comes(scripted: ScriptedEndpoint, front_end: Any) -> None:
    chat = Chat(scripted)
    chat.draft = "hi"
    chat._receive({"kind": "send"})
    until(lambda: scripted.asked)

    chat.messages = [{"role": "user", "content": "anew"}]

    assert chat.turns == [{"role": "user", "content": "anew"}]
    assert scripted.hung_up.wait(10)
    chat.close()


def test_an_error_is_shown_where_it_happened_and_asked_anew(chat: Chat, front_end: Any) -> None:
    with pytest.raises(InvalidInput):
        chat.ask("word " * 2000)

    assert chat.trouble["code"] == "context_length_exceeded"
    assert "256" in chat.trouble["message"]
    assert "--context" in chat.trouble["hint"]
    assert chat.answer["state"] == "failed"
    assert len(chat.turns) == 1

    chat.ask("hi")

    assert [turn["role"] for turn in chat.turns] == ["user", "assistant"]
    assert chat.trouble == {}


def test_a_model_that_is_not_served_is_an_error_in_place(endpoint: Endpoint, front_end: Any) -> None:
    chat = Chat(endpoint, model="spoken-to/nobody")
    front_end.change(chat, draft="hi")
    front_end.say(chat, kind="send")

    assert chat.trouble["code"] == "model_not_found"
    chat.close()


def test_clear_begins_a_new_conversation_with_the_same_system_prompt(chat: Chat, front_end: Any) -> None:
    chat.system = "Be short."
    chat.ask("hi")
    front_end.say(chat, kind="clear")

    assert (chat.turns, chat.answer) == ([], {})
    assert chat.messages == [{"role": "system", "content": "Be short."}]


def test_an_unknown_endpoint_is_an_error(client: Client, front_end: Any) -> None:
    with pytest.raises(NotFound):
        Chat("no-such-endpoint", client=client)


def test_its_text_is_the_conversation_and_nothing_in_it_is_markup(chat: Chat) -> None:
    assert "nothing was said yet" in chat._repr_mimebundle_()[0]["text/plain"]
    chat.messages = [
        {"role": "user", "content": "How?"},
        {"role": "assistant", "content": "So: <b>\n```python\nprint('<b>')\n```"},
    ]

    data, _ = chat._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "You:\nHow?\n\nspoken-to:\nSo: <b>\n```python\nprint('<b>')\n```"
    assert "So\\: \\<b\\>\n\n```\nprint('<b>')\n```\n" in data["text/markdown"]
