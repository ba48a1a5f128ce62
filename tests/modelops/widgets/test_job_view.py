"""``JobView``: a job's state as a trait, its measures and its log as messages, and text where no widget is drawn."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from modelops import Client
from modelops.widgets import JobView


def test_it_shows_how_the_job_ended(client: Client, finished: Any, front_end: Any) -> None:
    view = JobView(finished.id, client)
    view.wait(30)

    assert (view.job["id"], view.job["state"], view.job["mark"]) == (finished.id, "succeeded", "✓")
    assert view.job["artifacts"] == finished.record["artifacts"]
    assert view.job["ended"]


def test_measures_and_log_are_sent_as_they_come(client: Client, finished: Any, front_end: Any) -> None:
    JobView(finished, client).wait(30)

    points = [message for message in front_end.messages if message["kind"] == "points"]
    assert [point for message in points for point in message["points"]] == [[step, 2 / step] for step in range(1, 13)]
    assert {message["name"] for message in points} == {"loss"}
    assert "".join(m["text"] for m in front_end.messages if m["kind"] == "log") == "begins\n"


def test_a_front_end_that_comes_later_gets_everything_from_the_beginning(
    client: Client, finished: Any, front_end: Any
) -> None:
    view = JobView(finished, client)
    view.wait(30)
    front_end.messages.clear()

    front_end.say(view, kind="hello")

    assert [message["kind"] for message in front_end.messages] == ["reset", "points", "log"]


def test_a_job_that_fails_is_shown_with_its_reason(client: Client, tiny: Path, front_end: Any) -> None:
    view = JobView(client.run(tiny, {"fail": True}), client)
    view.wait(60)

    assert view.job["state"] == "failed"
    assert view.job["reason"]["code"] == "cell_error"
    assert "*exploded* <b>" in view.job["reason"]["message"]
    assert view.job["reason"]["lines"][-1].endswith("*exploded* <b>")


def test_its_text_says_the_same_and_nothing_in_it_is_markup(client: Client, tiny: Path, front_end: Any) -> None:
    view = JobView(client.run(tiny, {"fail": True}), client)
    view.wait(60)

    data, _ = view._repr_mimebundle_()

    assert "application/vnd.jupyter.widget-view+json" in data
    assert "*exploded* <b>" in data["text/plain"]
    assert r"\*exploded\* \<b\>" in data["text/markdown"]


def test_a_message_cancels_the_job(client: Client, tiny: Path, running_server: Any, front_end: Any) -> None:
    import nbformat
    from nbformat.v4 import new_code_cell, new_notebook

    path = running_server.root / "sleeping.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("import time\ntime.sleep(600)")]), path)
    view = JobView(client.run(path), client)

    front_end.say(view, kind="cancel")
    view.wait(60)

    assert view.job["state"] == "cancelled"


def test_messages_of_other_kinds_are_left_alone(client: Client, finished: Any, front_end: Any) -> None:
    view = JobView(finished, client)

    for kind in ("close", "_follow", None, 3):
        front_end.say(view, kind=kind)

    assert view.trouble == {}


def test_a_closed_view_follows_no_longer_and_the_job_goes_on(client: Client, finished: Any, front_end: Any) -> None:
    view = JobView(finished, client)

    view.close()

    assert finished.state == "succeeded"
    assert view._feed is None


def test_a_client_that_is_closed_ends_the_following_and_is_told(
    running_server: Any, tiny: Path, front_end: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    crashes: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", crashes.append)
    client = Client(running_server.url, running_server.token)
    view = JobView(client.run(tiny, {"steps": 1000}), client)

    client.close()
    view.wait(60)

    feed = view._feed
    assert feed is not None
    assert not feed._follower.is_alive()
    assert view.job["trouble"]["code"] == "closed"
    assert crashes == []
