"""A real endpoint is asked: several prompts at a time, over connections that break, and while it is away."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import pytest
from tiny_answers import QUESTIONS

from modelops import Client
from modelops.errors import InvalidInput, NotFound, Unavailable, VerificationError
from modelops.generation import Answer, Journal, Prompt, Refusal, Served, Settings, ask_endpoint, open_endpoint

GREEDY = Settings(max_tokens=60, temperature=0.0, top_p=1.0, seed=0)


@pytest.fixture
def served(client: Client) -> Served:
    return open_endpoint(client.endpoints["taught"].wait(), "taught")


def _ask(served: Served, prompts: list[Prompt], folder: Path, patience: float = 30.0) -> Journal:
    journal = Journal(folder)
    done: list[tuple[int, int]] = []
    ask_endpoint(
        served, prompts, GREEDY, journal, concurrency=3, patience=patience, on_progress=lambda *now: done.append(now)
    )
    assert done[-1] == (len(prompts), len(prompts))
    return journal


def test_every_prompt_is_answered_or_refused_with_the_reason(
    served: Served, prompts: list[Prompt], tmp_path: Path
) -> None:
    journal = _ask(served, prompts, tmp_path / "run")

    answers = [outcome for key, outcome in sorted(journal.outcomes.items()) if isinstance(outcome, Answer)]
    assert [answer.text for answer in answers] == list(QUESTIONS.values())
    assert {answer.finish_reason for answer in answers} == {"stop"}
    refused = journal.outcomes[8, 0]
    assert isinstance(refused, Refusal)
    assert refused.code == "context_length_exceeded"
    assert Journal(tmp_path / "run").outcomes == journal.outcomes


def test_one_that_restarts_is_waited_for(served: Served, prompts: list[Prompt], client: Client, tmp_path: Path) -> None:
    endpoint = client.endpoints["taught"]
    endpoint.stop()
    later = threading.Timer(1.0, endpoint.restart)
    later.start()

    journal = _ask(served, prompts, tmp_path / "run")

    later.join()
    assert sum(isinstance(outcome, Answer) for outcome in journal.outcomes.values()) == 8


def test_one_that_stays_away_ends_it_and_what_came_is_kept(
    served: Served, prompts: list[Prompt], client: Client, tmp_path: Path
) -> None:
    _ask(served, prompts[:3], tmp_path / "run")
    client.endpoints["taught"].stop()
    try:
        with pytest.raises(Unavailable, match="has not answered for") as gone:
            _ask(served, prompts, tmp_path / "run", patience=0.1)
    finally:
        client.endpoints["taught"].restart().wait()

    assert gone.value.code == "endpoint_gone"
    assert Journal(tmp_path / "run").found == 3


def test_answers_of_something_else_than_was_verified_are_not_kept(
    served: Served, prompts: list[Prompt], tmp_path: Path
) -> None:
    with pytest.raises(VerificationError) as failure:
        _ask(served._replace(digest="0" * 64), prompts, tmp_path / "run")

    assert failure.value.code == "digest_differs"
    assert Journal(tmp_path / "run").found == 0


def test_an_adapter_that_is_not_served_is_not_asked(client: Client) -> None:
    with pytest.raises(NotFound) as failure:
        open_endpoint(client.endpoints["taught"].wait(), "taught/nobody")

    assert failure.value.hint == "The endpoint serves taught."


def test_cancelled_it_does_not_wait_for_what_is_being_written(
    served: Served, prompts: list[Prompt], tmp_path: Path
) -> None:
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    before = set(threading.enumerate())
    with pytest.raises(KeyboardInterrupt):
        ask_endpoint(served, prompts, GREEDY, Journal(tmp_path / "run"), concurrency=2, patience=9, on_progress=cancel)

    deadline = time.monotonic() + 10
    while any(thread.daemon for thread in set(threading.enumerate()) - before):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_limit_of_requests_in_a_minute_is_told_with_the_time_to_come_back(client: Client) -> None:
    endpoint = client.endpoints["taught"].wait()

    with pytest.raises(Unavailable) as busy:
        for _ in range(700):
            with contextlib.suppress(InvalidInput):
                endpoint.chat([], max_tokens=1)

    assert busy.value.code == "rate_limit_exceeded"
    assert 0 < busy.value.details["retry_after"] <= 60
