"""Jupyter's event bus tells which jobs have moved on, whoever moved them."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.extension import JOB_EVENT
from modelops_server.jobs import Queue, State, submit


@pytest.fixture
def subscribe(jp_ws_fetch: Any) -> Callable[[], Any]:
    """Subscribes to Jupyter's events, and returns the list that those of jobs arrive in."""

    async def connect() -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []

        def receive(message: str | None) -> None:
            if message is not None and (event := json.loads(message))["schema_id"] == JOB_EVENT:
                events.append(event)

        await jp_ws_fetch("api", "events", "subscribe", on_message_callback=receive)
        return events

    return connect


@pytest.fixture
def jp_http_port(http_server_port: Any) -> int:
    """Of the server that runs: websockets go to the same one."""
    return int(http_server_port[1])


async def arrive(events: list[dict[str, Any]], count: int) -> None:
    deadline = time.monotonic() + 20
    while len(events) < count:
        assert time.monotonic() < deadline, events
        await asyncio.sleep(0.01)


async def test_what_another_process_does_is_told(
    subscribe: Any, http_server: Any, home: StateHome, notebook: Callable[..., Path]
) -> None:
    Queue(home).close()
    events = await subscribe()
    job = submit(home, load_template(notebook("1", name="trivial")), {}, name="first")
    await arrive(events, 1)
    command = [str(Path(sysconfig.get_path("scripts")) / "modelops"), "jobs", "cancel", job.id]
    process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.DEVNULL)
    await arrive(events, 2)

    assert await process.wait() == 0
    told = {name: [event[name] for event in events] for name in events[0] if not name.startswith("__")}
    assert told.pop("schema_id") == [JOB_EVENT] * 2
    assert told == {
        "job": [job.id] * 2,
        "name": ["first"] * 2,
        "template": [job.template] * 2,
        "state": ["queued", "cancelled"],
        "attempt": [0, 0],
        "reason_code": [None, "cancelled"],
        "artifacts": [[], []],
    }


async def test_a_job_that_is_run_by_a_worker_elsewhere_is_told_with_what_it_made(
    subscribe: Any, http_server: Any, jobs: Any, notebook: Callable[..., Path]
) -> None:
    events = await subscribe()
    source = (
        "import modelops\nfolder = modelops.output_folder('report')\n(folder / 'a.txt').write_text('a')\n"
        "modelops.log_artifact(folder, name='findings', kind='report')"
    )
    jobs.submit(notebook(source))
    await arrive(events, 1)  # a state that is over within a tenth of a second may be passed over
    deadline = time.monotonic() + 60
    while not (events and State(events[-1]["state"]).terminal):
        assert time.monotonic() < deadline
        jobs.scheduler.tick()
        await asyncio.sleep(0.02)

    states = [event["state"] for event in events]
    assert (states[0], states[-1]) == ("queued", "succeeded")
    assert states == [state for state in State if state in states]
    assert events[-1]["artifacts"] == ["findings@1"]
