"""Under a JupyterHub: behind its proxy's prefix everything works, and to each user belongs what is theirs."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import nbformat
import openai
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tiny_endpoint import SMALL, register_gguf
from tiny_gguf import tiny_gguf
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from modelops.paths import StateHome
from modelops_server.jobs import State

from .conftest import wait

__all__ = ["tiny_gguf"]

pytestmark = pytest.mark.slow  # a Hub and two servers have to start

REPORTING = """
import modelops, time
for step in range({steps}):
    modelops.log_metric(step, loss=1 / (step + 1), sent=time.time())
    time.sleep(0.1)
folder = modelops.output_folder("report")
(folder / "a.txt").write_text("a")
modelops.log_artifact(folder, name="{name}", kind="report")
"""


def submit(user: Any, *, steps: int = 10, name: str = "findings") -> str:
    """Submit a notebook in the user's folder by its path below it; the job's id."""
    document = new_notebook(
        cells=[new_code_cell(REPORTING.format(steps=steps, name=name))],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(document, Path(user.folder) / f"{name}.ipynb")
    answer = user.client.post("/jobs", json={"template": f"{name}.ipynb"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def follow(user: Any, job_id: str) -> list[tuple[float, str, Any]]:
    """The messages of a job's events until its end, each with the time at which it arrived."""
    found, kind = [], ""
    with user.client.stream("GET", f"/jobs/{job_id}/events") as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            name, _, value = line.partition(": ")
            kind = value if name == "event" else kind
            if name == "data":
                found.append((time.time(), kind, json.loads(value)))
    return found


def test_each_sees_their_own_jobs_and_artifacts_and_nobody_elses(users: Any) -> None:
    made = {}
    for user in users:
        made[user.name] = submit(user, name=f"of-{user.name}")
    for user in users:
        assert follow(user, made[user.name])[-1][1:] == ("end", {"state": "succeeded"})

    for user in users:
        assert [job["id"] for job in user.client.get("/jobs").json()["jobs"]] == [made[user.name]]
        artifacts = user.client.get("/artifacts").json()["artifacts"]
        assert [artifact["name"] for artifact in artifacts] == [f"of-{user.name}"]
    ada, grace = users
    assert ada.client.get(f"/jobs/{made[grace.name]}").status_code == 404


def test_what_happens_passes_the_proxy_as_it_happens(users: Any) -> None:
    ada, _ = users
    messages = follow(ada, submit(ada, steps=20))

    late = [
        arrived - content["values"]["sent"]
        for arrived, kind, content in messages
        if kind == "event" and content["type"] == "metric"
    ]
    # Nothing on the way waits for more: the first metrics have arrived long before the last ones are sent.
    assert len(late) == 20
    assert sorted(late)[10] < 1.0


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "/health"), ("GET", "/jobs"), ("POST", "/jobs"), ("GET", "/artifacts"), ("GET", "/jobs/sft-0/events")],
)
def test_the_token_of_one_is_refused_at_the_server_of_the_other(users: Any, method: str, address: str) -> None:
    ada, grace = users

    refused = grace.at(ada).request(method, address, json={} if method == "POST" else None)

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_without_a_token_nobody_is_let_in(users: Any) -> None:
    ada, _ = users

    refused = ada.client.get("/jobs", headers={"Authorization": ""})

    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


def test_the_event_bus_passes_the_proxy(users: Any) -> None:
    ada, _ = users

    async def listen() -> list[dict[str, Any]]:
        address = f"{ada.address}/api/events/subscribe".replace("http:", "ws:")
        socket = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {ada.token}"}))
        job_id = await asyncio.to_thread(submit, ada)
        events: list[dict[str, Any]] = []
        while not events or events[-1]["state"] != "succeeded":
            event = json.loads(await asyncio.wait_for(socket.read_message(), 30))
            if event.get("job") == job_id:
                events.append(event)
        socket.close()
        return events

    events = asyncio.run(listen())

    assert [artifact.split("@")[0] for artifact in events[-1]["artifacts"]] == ["findings"]
    assert [event["state"] for event in events] == sorted((event["state"] for event in events), key=list(State).index)


def test_the_hub_knows_that_a_server_is_busy_while_its_job_runs_and_nobody_asks(hub: Any, users: Any) -> None:
    ada, _ = users
    job_id = submit(ada, steps=80)
    began = time.time()

    # The Hub's cullers go by this; only the Hub itself is asked meanwhile.
    while (active := datetime.fromisoformat(hub.server(ada.name)["last_activity"]).timestamp()) < began + 4:
        assert time.time() < began + 30
        time.sleep(0.2)

    assert active < time.time() + 1
    ada.client.post(f"/jobs/{job_id}/cancel")


@pytest.mark.parametrize("told", ["query", "header"])
def test_a_browser_that_is_logged_in_follows_a_job_with_its_cookies(users: Any, told: str) -> None:
    ada, _ = users
    job_id = submit(ada, steps=1)
    with browser(ada) as client:
        xsrf = next(cookie.value for cookie in client.cookies.jar if (cookie.name, cookie.path) == ("_xsrf", ada.path))
        address = f"{ada.address}/modelops/api/v1/jobs/{job_id}/events"

        refused = client.get(address)
        allowed = (
            client.get(address, params={"_xsrf": xsrf})  # an EventSource sends no headers of ours
            if told == "query"
            else client.get(address, headers={"X-XSRFToken": xsrf})
        )

    assert refused.status_code == 403
    assert allowed.status_code == 200
    assert allowed.text.endswith('event: end\ndata: {"state":"succeeded"}\n\n')


def test_openais_client_talks_to_an_endpoint_through_the_proxy(users: Any, tiny_gguf: Path) -> None:
    ada, grace = users
    register_gguf(StateHome(ada.folder / "modelops"), tiny_gguf, "talker")
    ada.client.post("/endpoints", json={"ref": "talker", "options": SMALL}).raise_for_status()
    wait(lambda: ada.client.get("/endpoints/talker").json()["state"] == "ready")
    asked: dict[str, Any] = {"model": "talker", "max_tokens": 8, "extra_body": {"ignore_eos": True}}
    said: Any = [{"role": "user", "content": "hi"}]
    address = f"{ada.address}/modelops/openai/v1/"

    with openai.OpenAI(base_url=address, api_key=ada.token, max_retries=0) as client:
        whole = client.chat.completions.create(messages=said, **asked)
        pieces = list(client.chat.completions.create(messages=said, stream=True, **asked))
    stranger = openai.OpenAI(base_url=address, api_key=grace.token, max_retries=0)
    with pytest.raises(openai.APIStatusError) as refusal:
        stranger.chat.completions.create(messages=said, **asked)
    ada.client.delete("/endpoints/talker").raise_for_status()

    assert whole.usage is not None
    assert whole.usage.completion_tokens == 8
    assert len([piece for piece in pieces if piece.choices and piece.choices[0].delta.content]) > 1
    assert refusal.value.status_code in {401, 403}


@contextmanager
def browser(user: Any) -> Iterator[httpx.Client]:
    """Somebody's browser, logged in at the Hub and at their server; it asks as a page's script does."""
    hub = user.address.split("/user/")[0] + "/hub"
    with httpx.Client(follow_redirects=True, timeout=30) as client:
        client.get(f"{hub}/login").raise_for_status()
        form = {"username": user.name, "password": "any", "_xsrf": client.cookies["_xsrf"]}
        client.post(f"{hub}/login", data=form).raise_for_status()
        client.get(f"{user.address}/api/me", headers={"Sec-Fetch-Mode": "navigate"}).raise_for_status()
        client.headers.update({"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"})
        yield client
