"""A question is searched, asked, and answered with citations; or refused without asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from scripted_endpoint import ScriptedEndpoint

from modelops.errors import InvalidInput
from modelops.rag.answering import REFUSAL, Answered, AnswerSettings, Citation, Searched, Text, ask
from modelops.rag.index import Index
from modelops.rag.retrieval import SearchSettings

BREAD = "Bread is baked with flour and yeast."


@pytest.fixture
def index(make_index: Callable[..., Index]) -> Index:
    return make_index()


@pytest.fixture
def endpoint() -> Iterator[ScriptedEndpoint]:
    scripted = ScriptedEndpoint(["Flour and ", "yeast [1", "]. ![x](http://", "x.example/a) And more [9]."])
    yield scripted
    scripted.close()


def test_an_answer_comes_with_its_citations(index: Index, endpoint: ScriptedEndpoint) -> None:
    searched, *between, answered = ask(index, "What is bread baked with?", endpoint, SearchSettings(top_k=2))
    assert isinstance(searched, Searched)
    assert isinstance(answered, Answered)
    answer = answered.answer
    assert answer.text == "Flour and yeast [1]. ! [x] (`http://x.example/a`) And more."
    assert "".join(event.text for event in between if isinstance(event, Text)) == answer.text
    assert [event for event in between if isinstance(event, Citation)] == list(answer.citations)
    [citation] = answer.citations
    assert citation.hit.chunk.source == "bread.md"
    assert citation.highlight is not None
    assert citation.highlight.text == BREAD
    assert answer.removed == 1


def test_the_endpoint_is_asked_with_the_prompt_and_the_settings(index: Index, endpoint: ScriptedEndpoint) -> None:
    settings = AnswerSettings(max_tokens=77, seed=5)
    searched, *_ = ask(index, "What is bread baked with?", endpoint, settings=settings)
    assert isinstance(searched, Searched)
    [asked] = endpoint.asked
    assert asked["messages"] == searched.prompt.messages
    assert (asked["max_tokens"], asked["temperature"], asked["seed"]) == (77, 0, 5)


def test_where_nothing_supports_an_answer_no_model_is_asked(index: Index, endpoint: ScriptedEndpoint) -> None:
    settings = AnswerSettings(min_similarity=0.99)
    searched, text, answered = ask(index, "Who wrote Hamlet?", endpoint, settings=settings)
    assert isinstance(searched, Searched)
    assert searched.hits
    assert searched.prompt.refused
    assert text == Text(REFUSAL)
    assert isinstance(answered, Answered)
    assert answered.answer.refused
    assert endpoint.asked == []


def test_where_nothing_is_found_no_model_is_asked(index: Index, endpoint: ScriptedEndpoint) -> None:
    settings = AnswerSettings(min_similarity=None, min_words=None)
    *_, answered = ask(index, "xylophone", endpoint, SearchSettings(method="bm25"), settings)
    assert isinstance(answered, Answered)
    assert answered.answer.refused
    assert endpoint.asked == []


def test_breaking_off_breaks_off_the_answer(index: Index) -> None:
    endpoint = ScriptedEndpoint(["word "] * 1000, pause=0.01)
    events = ask(index, "What is bread baked with?", endpoint)
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert endpoint.hung_up.wait(10)
    endpoint.close()


def test_an_empty_question_is_refused_before_anything_is_asked(index: Index, endpoint: ScriptedEndpoint) -> None:
    with pytest.raises(InvalidInput, match="empty"):
        list(ask(index, " ", endpoint))
    assert endpoint.asked == []
