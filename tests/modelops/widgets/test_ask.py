"""``Ask``: a real index, asked from Python and from the front end, and what is shown of its answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_embedder import tiny_embedder_folder
from tiny_endpoint import register_gguf, serving
from tiny_gguf import long_gguf
from tiny_index import register_index

from modelops import Client
from modelops.errors import InvalidInput, Unavailable
from modelops.widgets import Ask
from modelops.widgets.wording import answer_in_parts, checks_in_words, passages_in_words

__all__ = ["long_gguf", "tiny_embedder_folder"]

HIT = {"source": "cats.md", "page": 2, "headings": ["Pets", "Cats"], "start": 10, "text": "Cats sleep. 🎉 They purr."}


@pytest.fixture(scope="module")
def index(running_server: Any, client: Client, tiny_embedder_folder: Path, long_gguf: Path) -> Iterator[str]:
    register_index(running_server.home, tiny_embedder_folder, "asked-docs")
    register_gguf(running_server.home, long_gguf, "answerer", context_length=4096)
    yield "asked-docs"
    for endpoint in client.endpoints.list():
        endpoint.remove()


@pytest.fixture
def ask(index: str, client: Client, front_end: Any) -> Iterator[Ask]:
    view = Ask(index, client=client, search={"top_k": 2}, max_tokens=40)
    yield view
    view.close()


def test_what_is_searched_from_the_front_end_is_shown_without_asking_a_model(ask: Ask, front_end: Any) -> None:
    front_end.change(ask, draft="how is bread baked")
    front_end.say(ask, kind="search")
    front_end.say(ask, kind="search")

    assert (ask.question, ask.draft, ask.trouble) == ("how is bread baked", "", {})
    assert [one["number"] for one in ask.passages] == [1, 2]
    assert ask.passages[0]["source"] == "bread.md"
    assert ask.answer == {"state": "done", "parts": [], "checks": ""}


def test_a_question_without_anybody_to_answer_it_is_shown_as_trouble(ask: Ask) -> None:
    with pytest.raises(Unavailable):
        ask.ask("how is bread baked")

    assert ask.trouble["code"] == "no_chat_endpoint"
    assert ask.answer["state"] == "failed"
    with pytest.raises(InvalidInput, match="nothing to be answered"):
        ask.ask(" ")


def test_an_answer_comes_with_its_passages_and_what_can_be_said_of_it(ask: Ask, client: Client) -> None:
    states: list[str] = []
    ask.observe(lambda change: states.append(change["new"]["state"]), "answer")

    with serving(client, "answerer", context=4096):
        reply = ask.ask("how is bread baked")

    parts = answer_in_parts(reply.text, reply.citations)
    assert ask.answer == {"state": "done", "parts": parts, "checks": checks_in_words(reply.checks)}
    assert states[0] == "waiting"
    assert states[-1] == "done"
    assert [one["source"] for one in ask.passages] == [hit["source"] for hit in reply.passages]
    assert "how is bread baked" in ask.as_text()
    assert "[1] bread.md" in ask.as_text()


def test_an_answer_that_is_broken_off_keeps_what_has_come(ask: Ask, client: Client) -> None:
    def stop(change: Any) -> None:
        if change["new"]["state"] == "waiting":
            ask.stop()

    ask.observe(stop, "answer")
    with serving(client, "answerer", context=4096):
        reply = ask.ask("how is bread baked")

    assert reply.stopped
    assert ask.answer["state"] == "stopped"
    assert "".join(part["text"] for part in ask.answer["parts"]) == reply.text


def test_what_cannot_even_be_asked_is_shown_as_trouble(index: str, client: Client, front_end: Any) -> None:
    view = Ask(index, client=client, search={"min_score": float("nan")})
    with pytest.raises(ValueError, match="JSON compliant"):
        view.search("bread")
    assert (view.answer["state"], view.trouble["code"]) == ("failed", "internal_error")
    view.close()


def test_only_citations_are_parts_of_their_own() -> None:
    text = "🎉 It is [1]. Use `row[1]` [2]"
    citations = [{"number": 2, "at": 26}, {"number": 1, "at": 8}, {"number": 3, "at": 2}]

    assert answer_in_parts(text, citations) == [
        {"text": "🎉 It is ", "number": 0},
        {"text": "[1]", "number": 1},
        {"text": ". Use `row[1]` ", "number": 0},
        {"text": "[2]", "number": 2},
    ]
    assert answer_in_parts("", []) == []


def test_cited_sentences_are_marked_in_their_passage() -> None:
    sleep, purr = ({"start": 10, "end": 21}, {"start": 24, "end": 34})
    citations = [{"number": 1, "highlight": one} for one in (purr, sleep, sleep, None)]
    (passage,) = passages_in_words([HIT], [*citations, {"number": 2, "highlight": sleep}])

    assert passage["where"] == "cats.md · page 2 · Pets / Cats"
    assert passage["parts"] == [
        {"text": "Cats sleep.", "marked": True},
        {"text": " 🎉 ", "marked": False},
        {"text": "They purr.", "marked": True},
    ]
    assert passages_in_words([{**HIT, "page": None, "headings": []}])[0]["where"] == "cats.md"


def test_what_is_wrong_with_an_answer_is_said() -> None:
    checks = {"refused": False, "supported": 1, "sentences": [{}, {}], "uncited": 1, "quotes_missing": 0}
    said = checks_in_words({**checks, "numbers_missing": 2, "citations_removed": 0})

    assert said == (
        "1 of 2 sentences share most of their words with what they cite; 1 sentence cites nothing; "
        "2 numbers stand in no passage."
    )
    assert checks_in_words({"refused": True}) == "The documents hold no answer, or none that was found."
    assert checks_in_words({}) == ""
