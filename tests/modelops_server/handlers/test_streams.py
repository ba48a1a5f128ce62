"""What happens in a job as server-sent events: in order, once, to the end, and however many watch."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from tornado.httpclient import HTTPClientError

from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.handlers import streams
from modelops_server.handlers.answers.events import EventPage
from modelops_server.jobs import Job, Queue, Reason, State, submit
from modelops_server.jobs.journal import Journal
from modelops_server.processes import Identity

API = ("modelops", "api", "v1", "jobs")


class Act:
    """A job whose runner is this test: it goes where it is moved, and its journal says what it is told to."""

    def __init__(self, home: StateHome, path: Path) -> None:
        self.queue = Queue(home)
        self.id = submit(home, load_template(path), {}).id
        self.journal = Journal(self.job.folder)

    @property
    def job(self) -> Job:
        return self.queue.get(self.id)

    def start(self) -> None:
        claimed = self.queue.claim(Identity.mine(), only=self.id)
        assert claimed is not None
        assert self.queue.adopt(self.id, claimed.epoch, Identity.mine())
        self._move(State.STARTING, State.RUNNING)

    def metric(self, step: int) -> None:
        self.journal.event("metric", step=step, values={"loss": 1 / (step + 1)})

    def succeed(self) -> None:
        """As a runner does: what the journal says last comes after the state."""
        self._move(State.RUNNING, State.FINALIZING)
        self._move(State.FINALIZING, State.SUCCEEDED, told=False)
        self.journal.event("note", text="after the end")
        self.journal.state(State.SUCCEEDED, self.job.epoch)

    def fail(self) -> None:
        self._move(State.RUNNING, State.FAILED, Reason("cell_error", "A cell failed."))

    def _move(self, before: State, after: State, reason: Reason | None = None, *, told: bool = True) -> None:
        if told:
            self.journal.state(after, self.job.epoch, reason)
        assert self.queue.move(self.id, self.job.epoch, before, after, reason)

    def close(self) -> None:
        self.journal.close()
        self.queue.close()


class Watcher:
    """A client that reads a job's events, and what it has received."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, Any]] = []
        self.comments = 0
        self.headers: Mapping[str, str] = {}
        self.closed = False
        self._rest = ""
        self._news = asyncio.Event()

    def receive(self, content: bytes) -> None:
        *blocks, self._rest = (self._rest + content.decode()).split("\n\n")
        for block in blocks:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
            self.comments += block.startswith(":")
            if "data" in fields:
                self.messages.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
        self._news.set()

    async def until(self, condition: Callable[[], Any], seconds: float = 20.0) -> None:
        """Return when ``condition()`` is true of what has arrived."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"it did not arrive: {self.kinds}"
            self._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), 0.5)

    @property
    def kinds(self) -> list[str]:
        return [kind for _, kind, _ in self.messages]

    @property
    def states(self) -> list[str]:
        return [content["state"] for _, kind, content in self.messages if kind == "job"]

    @property
    def told(self) -> list[Any]:
        """Events and log: what must come once, and in order."""
        return [content for _, kind, content in self.messages if kind in {"event", "log"}]

    @property
    def steps(self) -> list[int]:
        return [content["step"] for content in self.told if content.get("type") == "metric"]

    @property
    def log(self) -> str:
        return "".join(content["text"] for _, kind, content in self.messages if kind == "log")


@pytest.fixture
def act(home: StateHome, notebook: Callable[..., Path]) -> Any:
    acts: list[Act] = []

    def make() -> Act:
        acts.append(Act(home, notebook("1")))
        return acts[-1]

    yield make
    for one in acts:
        one.close()


@pytest.fixture
def address(http_server: Any, http_server_port: Any, jp_base_url: str) -> str:
    """The API's, for clients that can do more than the test server's own."""
    return f"http://127.0.0.1:{http_server_port[1]}{jp_base_url}modelops/api/v1/jobs"


@pytest.fixture
def watch(address: str, jp_auth_header: dict[str, str]) -> Any:
    """Follows a job while the context lasts; leaving it cuts the connection."""

    @asynccontextmanager
    async def follow(job_id: str, *, last: str = "", **params: Any) -> AsyncIterator[Watcher]:
        watcher = Watcher()
        headers = jp_auth_header | ({"Last-Event-ID": last} if last else {})

        async def read() -> None:
            async with (
                httpx.AsyncClient(timeout=60, verify=False) as client,
                client.stream("GET", f"{address}/{job_id}/events", headers=headers, params=params) as response,
            ):
                assert response.status_code == 200
                watcher.headers = response.headers
                async for content in response.aiter_bytes():
                    watcher.receive(content)
            watcher.closed = True

        reading = asyncio.ensure_future(read())
        try:
            yield watcher
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading

    return follow


async def test_a_job_is_followed_from_its_submission_to_its_end(act: Any, watch: Any) -> None:
    job = act()
    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.states == ["queued"])
        job.start()
        await watcher.until(lambda: watcher.states[-1] == "running")
        job.metric(0)
        job.journal.log("half \N{GRINNING FACE} a line")
        await watcher.until(lambda: watcher.log)
        job.succeed()
        await watcher.until(lambda: watcher.closed)

    assert [event["type"] for event in watcher.told if "type" in event] == ["state", "metric", "state", "note", "state"]
    assert watcher.log == "half \N{GRINNING FACE} a line"
    assert watcher.kinds[-2:] == ["job", "end"]
    assert (watcher.states[-1], watcher.messages[-1][2]) == ("succeeded", {"state": "succeeded"})


async def test_the_job_is_told_as_it_is_shown(act: Any, watch: Any, jp_fetch: Any) -> None:
    job = act()

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.messages)

    assert watcher.messages[0][2] == json.loads((await jp_fetch(*API, job.id)).body)


async def test_nothing_on_the_way_may_keep_or_change_what_is_sent(act: Any, watch: Any) -> None:
    async with watch(act().id) as watcher:
        await watcher.until(lambda: watcher.messages)

    assert watcher.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert watcher.headers["Cache-Control"] == "no-cache, no-transform"
    assert watcher.headers["X-Accel-Buffering"] == "no"


async def test_a_job_that_ended_while_nobody_watched_is_told_from_its_beginning(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    for step in range(3):
        job.metric(step)
    job.fail()

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.closed)

    assert watcher.steps == [0, 1, 2]
    assert watcher.states == ["failed"]
    assert watcher.kinds[0] == "job"
    assert watcher.kinds[-1] == "end"


async def test_cut_off_after_any_message_the_rest_is_exactly_what_would_have_come(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    for step in range(4):
        job.metric(step)
        job.journal.log(f"line {step} \N{EURO SIGN}\n")
    job.fail()
    async with watch(job.id) as whole:
        await whole.until(lambda: whole.closed)

    for place, (last, kind, _) in enumerate(whole.messages):
        async with watch(job.id, last=last) as rest:
            await rest.until(lambda: rest.closed)
        told = [message for message in whole.messages[place + 1 :] if message[1] in {"event", "log"}]
        assert [message for message in rest.messages if message[1] in {"event", "log"}] == told, kind


async def test_a_reader_that_comes_back_while_the_job_runs_gets_everything_once(act: Any, watch: Any) -> None:
    job, steps, last = act(), [], ""
    job.start()
    for step in range(20):
        job.metric(step)
        async with watch(job.id, last=last) as watcher:
            await watcher.until(lambda: watcher.steps)
        steps += watcher.steps
        last = watcher.messages[-1][0]

    assert steps == list(range(20))


async def test_the_header_of_a_browser_that_comes_back_goes_before_its_address(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    job.metric(0)
    async with watch(job.id) as first:
        await first.until(lambda: first.steps)

    job.metric(1)
    async with watch(job.id, last=first.messages[-1][0], after="0.0") as again:
        await again.until(lambda: again.steps)

    assert again.steps == [1]


@pytest.mark.parametrize("position", ["x", "12.", "-1.0", "1.2.3", "9" * 20])
async def test_what_is_no_position_is_a_problem(act: Any, jp_fetch: Any, position: str) -> None:
    for given in ({"headers": {"Last-Event-ID": position}}, {"params": {"after": position}}):
        with pytest.raises(HTTPClientError) as refusal:
            await jp_fetch(*API, act().id, "events", **given)

        assert refusal.value.code == 422
        assert json.loads(refusal.value.response.body)["code"] == "invalid_position"


async def test_an_unknown_job_is_a_problem(jp_fetch: Any) -> None:
    with pytest.raises(HTTPClientError) as refusal:
        await jp_fetch(*API, "sft-0000000", "events")

    assert (refusal.value.code, json.loads(refusal.value.response.body)["code"]) == (404, "unknown_job")


@pytest.mark.parametrize("left", [b"", b'{"type":"met'])
async def test_a_job_without_a_whole_journal_is_told_all_the_same(act: Any, watch: Any, left: bytes) -> None:
    job = act()
    job.start()
    job.fail()
    (job.job.folder / "events.jsonl").write_bytes(left)

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.closed)

    assert watcher.kinds == ["job", "end"]
    assert watcher.states == ["failed"]


async def test_a_folder_that_cannot_be_read_cuts_off_those_who_watch_that_job_alone(act: Any, watch: Any) -> None:
    broken, job = act(), act()
    (broken.job.folder / "log.txt").unlink()
    (broken.job.folder / "log.txt").mkdir()
    job.start()
    async with watch(broken.id) as cut_off, watch(job.id) as watcher:
        await cut_off.until(lambda: cut_off.closed)
        job.metric(0)
        await watcher.until(lambda: watcher.steps)

    assert "end" not in cut_off.kinds  # it is not over: whoever was cut off comes back


async def test_only_the_end_of_a_long_log_is_sent_where_that_is_asked_for(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    job.journal.log("".join(f"line {number}\n" for number in range(100)))
    job.fail()

    async with watch(job.id, log_tail=20) as watcher:
        await watcher.until(lambda: watcher.closed)

    assert watcher.log == "line 98\nline 99\n"


async def test_a_silent_connection_is_kept_alive_by_comments(
    act: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SILENCE", 0.1)
    job = act()

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.comments >= 3)
        job.start()
        await watcher.until(lambda: "running" in watcher.states)


async def test_pages_of_events(act: Any, jp_fetch: Any) -> None:
    job, steps, after = act(), [], "0.0"
    for step in range(5):
        job.metric(step)

    for _ in range(3):
        answer = await jp_fetch(
            *API, job.id, "events", headers={"Accept": "application/json"}, params={"after": after, "limit": "2"}
        )
        page = EventPage.model_validate_json(answer.body)
        steps += [entry.event["step"] for entry in page.events]
        after = page.next

    assert steps == [0, 1, 2, 3, 4]


async def test_how_many_jobs_come_first_is_told_when_it_changes(act: Any, watch: Any) -> None:
    first, second = act(), act()
    async with watch(second.id) as watcher:
        await watcher.until(lambda: watcher.messages)
        first.start()
        await watcher.until(lambda: len(watcher.messages) == 2)

    assert [content["ahead"] for _, _, content in watcher.messages] == [1, 0]


async def test_a_hundred_watch_one_job(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    async with AsyncExitStack() as stack:
        watchers = [await stack.enter_async_context(watch(job.id)) for _ in range(100)]
        for watcher in watchers:
            await watcher.until(lambda watcher=watcher: watcher.messages)
        for step in range(50):
            job.metric(step)
            await asyncio.sleep(0)
        job.succeed()
        for watcher in watchers:
            await watcher.until(lambda watcher=watcher: watcher.closed)

    assert all(watcher.steps == list(range(50)) for watcher in watchers)


async def test_threads_do_not_grow_with_those_who_watch(act: Any, watch: Any) -> None:
    jobs = [act() for _ in range(10)]
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(watch(jobs[0].id))
        await first.until(lambda: first.messages)
        before = {thread.name for thread in threading.enumerate()}
        watchers = [await stack.enter_async_context(watch(job.id)) for job in jobs for _ in range(10)]
        for watcher in watchers:
            await watcher.until(lambda watcher=watcher: watcher.messages)

        # Python's own pool, that requests share, grows to a size of its own.
        added = {thread.name for thread in threading.enumerate()} - before
        assert not [name for name in added if not name.startswith("asyncio_")]


async def test_a_client_that_does_not_read_is_not_read_for(
    act: Any, address: str, jp_auth_header: dict[str, str], jp_fetch: Any, jp_serverapp: Any
) -> None:
    job = act()
    job.start()
    line = "x" * 100_000 + "\n"
    for _ in range(300):
        job.journal.log(line)
    url = urlsplit(address)
    reader, writer = await asyncio.open_connection(url.hostname, url.port, limit=1 << 16)
    request = f"GET {url.path}/{job.id}/events HTTP/1.0\r\nAuthorization: {jp_auth_header['Authorization']}\r\n\r\n"
    writer.write(request.encode())
    before = psutil.Process().memory_info().rss

    # 30 MB wait; what the client does not take stays in the file, and others are served meanwhile.
    for _ in range(20):
        await jp_fetch("modelops", "api", "v1", "health")
        await asyncio.sleep(0.01)
    assert psutil.Process().memory_info().rss - before < 20_000_000

    job.fail()
    content = await reader.read(-1)
    writer.close()
    logs = [json.loads(block.split(b"data: ")[1])["text"] for block in content.split(b"\n\n") if b"event: log" in block]
    assert "".join(logs) == line * 300


async def test_who_has_left_is_forgotten_at_once(act: Any, watch: Any, jp_serverapp: Any) -> None:
    job = act()
    follower = jp_serverapp.web_app.settings["modelops_follower"]
    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.messages)
        assert follower.count() == 1

    deadline = time.monotonic() + 5
    while follower.count():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_watching_does_not_count_as_activity(act: Any, watch: Any, jp_fetch: Any, jp_serverapp: Any) -> None:
    job = act()
    before = jp_serverapp.web_app.last_activity()

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.messages)
        job.start()
        job.fail()
        await watcher.until(lambda: watcher.closed)
    await jp_fetch(*API, job.id, "events", headers={"Accept": "application/json"})

    assert jp_serverapp.web_app.last_activity() == before


async def test_ten_thousand_metrics_are_told_in_pieces(act: Any, watch: Any) -> None:
    job = act()
    job.start()
    for step in range(10_000):
        job.metric(step)
    job.fail()

    async with watch(job.id) as watcher:
        await watcher.until(lambda: watcher.closed)

    assert watcher.steps == list(range(10_000))


class TestWithCompressedAnswers:
    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any]) -> dict[str, Any]:
        jp_server_config["ServerApp"]["tornado_settings"] = {"compress_response": True}
        return jp_server_config

    async def test_what_happens_arrives_as_it_happens(self, act: Any, watch: Any) -> None:
        job = act()
        job.start()
        async with watch(job.id) as watcher:
            for step in range(3):
                job.metric(step)
                await watcher.until(lambda count=step + 1: len(watcher.steps) == count)
            assert watcher.headers["Content-Encoding"] == "gzip"
