"""The jobs resource: what is asked for, what comes back, and what is refused."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.paths import StateHome
from modelops_server.handlers import base
from modelops_server.jobs import Queue, State
from modelops_server.jobs.journal import Journal
from modelops_server.jobs.spec import JobSpec

from .conftest import Api

Submit = Callable[..., Any]


@pytest.fixture
def submit(api: Api, notebook: Callable[..., Path]) -> Submit:
    """Submits a notebook of this name, and returns the job."""

    async def send(file: str = "notebook", parameters: str = "n: int = 1", **document: Any) -> Any:
        path = notebook("1", parameters=parameters, name=file)
        answer = await api.post("jobs", {"template": path.name, **document})
        assert answer.status == 201, answer.json
        return answer.json

    return send


async def ids(api: Api, query: str = "") -> list[str]:
    return [job["id"] for job in (await api.get(f"jobs?{query}")).json["jobs"]]


class TestSubmitting:
    async def test_a_submitted_job_is_queued_listed_and_shown(self, api: Api, submit: Submit) -> None:
        job = await submit(parameters="n: int = 1", priority=3, resources={"cpus": 2})

        assert (job["state"], job["priority"], job["resources"]["cpus"]) == ("queued", 3, 2.0)
        assert await ids(api, "state=queued") == [job["id"]]
        assert await ids(api, "state=running") == []
        shown = (await api.get(f"jobs/{job['id']}")).json
        assert (shown["ahead"], shown["attempts"], shown["needs"]) == (0, [], [])

    async def test_its_details_say_what_it_was_given(
        self, api: Api, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HUB_TOKEN", "hunter2")
        path = notebook("1", parameters="key: Secret\nn: int = 1", title="Mine", resumable=True)

        job = (await api.post("jobs", {"template": path.name, "parameters": {"key": "HUB_TOKEN"}})).json
        shown = await api.get(f"jobs/{job['id']}")

        assert shown.json["parameters"] == {"key": "HUB_TOKEN", "n": 1}
        assert (shown.json["template_title"], shown.json["resumable"]) == ("Mine", True)
        assert shown.json["notebook"] == str(path)
        assert b"hunter2" not in shown.body

    async def test_the_same_idempotency_key_returns_the_first_job_and_another_body_is_a_conflict(
        self, api: Api, notebook: Callable[..., Path]
    ) -> None:
        body = {"template": notebook("n", parameters="n: int = 1").name}
        headers = {**api.authorization, "Idempotency-Key": "k1"}

        first = await api.post("jobs", body, headers=headers)
        again = await api.post("jobs", body, headers=headers)
        other = await api.post("jobs", {**body, "parameters": {"n": 2}}, headers=headers)

        assert first.json["id"] == again.json["id"]
        assert (other.status, other.json["code"]) == (409, "idempotency_conflict")
        assert (await api.get("jobs")).json["total"] == 1

    @pytest.mark.parametrize(
        ("document", "field"),
        [
            ({}, "template"),
            ({"template": "sft", "surprise": 1}, "surprise"),
            ({"template": "sft", "priority": "high"}, "priority"),
            ({"template": "sft", "options": {"timeout": -1}}, "options.timeout"),
            ({"template": "sft", "resources": {"gpus": True}}, "resources.gpus"),
        ],
    )
    async def test_a_request_that_is_not_valid_is_refused_field_by_field(
        self, api: Api, document: Any, field: str
    ) -> None:
        answer = await api.post("jobs", document)

        assert (answer.status, answer.json["code"]) == (422, "invalid_body")
        assert [wrong["name"] for wrong in answer.json["fields"]] == [field]

    async def test_parameters_are_refused_one_by_one_and_nothing_is_queued(
        self, api: Api, notebook: Callable[..., Path]
    ) -> None:
        path = notebook("1", parameters="n: int = 1")

        answer = await api.post("jobs", {"template": path.name, "parameters": {"n": "<b>", "rank": 1}})

        assert (answer.status, answer.json["code"]) == (422, "invalid_parameters")
        assert {wrong["name"]: wrong["code"] for wrong in answer.json["fields"]} == {
            "n": "wrong_type",
            "rank": "unknown",
        }
        assert (await api.get("jobs")).json["total"] == 0

    @pytest.mark.parametrize("template", ["../secret.ipynb", "/etc/passwd", "a/../../secret.ipynb", "%2e%2e/secret"])
    async def test_a_notebook_outside_of_the_root_is_not_run(self, api: Api, template: str) -> None:
        answer = await api.post("jobs", {"template": template})

        assert answer.json["code"] in {"path_outside", "notebook_not_found"}

    @pytest.mark.parametrize(
        ("raw", "status"),
        [
            (b"{", 422),
            (b"[]", 422),
            (b"\xff\xfe", 422),
            (b'{"template": "sft", "parameters": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}", 422),
            (b'{"template": "sft", "priority": 1e999}', 422),
            (b'{"template": "' + b"x" * 5_000_000 + b'"}', 413),
        ],
        ids=["half", "a list", "not UTF-8", "nested deeply", "infinite", "huge"],
    )
    async def test_bodies_that_nobody_means_well_are_refused(self, api: Api, raw: bytes, status: int) -> None:
        assert (await api.post("jobs", raw=raw)).status == status

    async def test_parameters_may_nest_but_not_without_end(self, api: Api, notebook: Callable[..., Path]) -> None:
        path, value = notebook("1", parameters="n: int = 1"), [1]
        for _ in range(100):
            value = [value]  # type: ignore[list-item]

        answer = await api.post("jobs", {"template": path.name, "parameters": {"n": value}})

        assert (answer.status, answer.json["code"]) == (422, "invalid_parameters")


class TestFinding:
    async def test_the_newest_come_first_a_page_at_a_time_with_the_total(self, api: Api, submit: Submit) -> None:
        jobs = [(await submit())["id"] for _ in range(3)]

        page = (await api.get("jobs?limit=2&offset=1")).json

        assert ([job["id"] for job in page["jobs"]], page["total"]) == ([jobs[1], jobs[0]], 3)

    async def test_search_finds_every_word_in_any_case(self, api: Api, submit: Submit) -> None:
        job = await submit("support-bot", name="for-the-shop")
        await submit("other")

        assert await ids(api, "search=SUPPORT+shop") == [job["id"]]
        assert await ids(api, "search=support+other") == []

    async def test_wildcards_are_letters_like_others(self, api: Api, submit: Submit) -> None:
        await submit()

        assert await ids(api, "search=%25") == []
        assert await ids(api, "search=_") == []

    async def test_templates_and_states_are_chosen_and_may_be_several(self, api: Api, submit: Submit) -> None:
        first, second = await submit("a"), await submit("b")
        await submit("c")
        await api.post(f"jobs/{first['id']}/cancel")

        assert await ids(api, "template=a&template=b&sort=submitted") == [first["id"], second["id"]]
        assert await ids(api, "state=cancelled&state=running") == [first["id"]]

    @pytest.mark.parametrize("key", ["name", "state", "template", "duration", "submitted"])
    async def test_every_key_sorts_both_ways(self, api: Api, submit: Submit, key: str) -> None:
        await submit("a")
        last = await submit("b")
        await api.post(f"jobs/{last['id']}/cancel")

        up, down = await ids(api, f"sort={key}"), await ids(api, f"sort=-{key}")

        assert sorted(up) == sorted(down)
        assert up == down[::-1] if key != "duration" else up == down  # neither has run

    async def test_a_job_at_work_shows_how_far_it_is_and_an_ended_one_what_it_measured(
        self, api: Api, submit: Submit, home: StateHome
    ) -> None:
        job, other = await submit(), await submit()
        queue = Queue(home)
        queue.database.execute("UPDATE jobs SET state = 'running', epoch = 1 WHERE id = ?", [job["id"]])
        with Journal(home.jobs / job["id"]) as journal:
            journal.event("progress", done=1, total=10, unit="steps", phase="training")
            journal.event("metric", step=1, values={"loss": 2.5, "odd": "nan"})
            journal.event("progress", done="x")

        found = {row["id"]: row for row in (await api.get("jobs")).json["jobs"]}

        assert found[job["id"]]["progress"]["done"] == 1
        assert found[job["id"]]["latest"] == {"loss": 2.5}
        assert found[other["id"]]["progress"] is found[other["id"]]["latest"] is None

        queue.database.execute("UPDATE jobs SET started = submitted WHERE id = ?", [job["id"]])
        queue.database.execute("UPDATE jobs SET state = 'failed', finished = submitted WHERE id = ?", [job["id"]])
        ended = (await api.get("jobs?state=failed")).json["jobs"][0]
        assert (ended["progress"], ended["latest"]) == (None, {"loss": 2.5})

    @pytest.mark.parametrize(
        "query",
        [
            "limit=0",
            "limit=1001",
            "limit=1&limit=2",
            "offset=-1",
            "offset=x",
            "state=sleeping",
            "sort=folder",
            "sort=name;DROP TABLE jobs",
            "order=1",
            "state[a][b]=1",
            f"search={'x' * 201}",
        ],
    )
    async def test_a_query_that_is_not_valid_is_refused(self, api: Api, query: str) -> None:
        answer = await api.get(f"jobs?{query.replace(' ', '+')}")

        assert (answer.status, answer.json["code"]) == (422, "invalid_query")

    async def test_what_jupyterlab_adds_to_every_address_is_left_aside(self, api: Api) -> None:
        assert (await api.get("jobs?1764023400000")).status == 200
        assert (await api.get("jobs?limit=1&no_track_activity=1&1764023400000=")).status == 200

    @pytest.mark.parametrize(
        "job_id", ["sft-0000000", "..%2fsft", "%2e%2e", "a%00b", "A", "x" * 200, "sft%2f..%2f..%2fetc", "%FF"]
    )
    async def test_an_unknown_job_is_not_found(self, api: Api, job_id: str) -> None:
        assert (await api.get(f"jobs/{job_id}")).status == 404
        assert (await api.get(f"jobs/{job_id}/log")).status == 404

    async def test_a_job_whose_folder_was_removed_is_still_shown_but_not_repeated(
        self, api: Api, submit: Submit, home: StateHome
    ) -> None:
        job = await submit()
        await api.post(f"jobs/{job['id']}/cancel")
        (home.jobs / job["id"]).rename(home.root / "elsewhere")

        shown = (await api.get(f"jobs/{job['id']}")).json

        assert (shown["parameters"], shown["template_title"]) == ({}, "notebook")
        for answer in (
            await api.post(f"jobs/{job['id']}/retry"),
            await api.get(f"jobs/comparison?id={job['id']}&id={job['id']}"),
        ):
            assert (answer.status, answer.json["code"]) == (404, "job_folder_gone")


class TestChanging:
    async def test_a_queued_job_is_cancelled_and_then_tried_again(self, api: Api, submit: Submit) -> None:
        job = await submit()

        cancelled = await api.post(f"jobs/{job['id']}/cancel")
        again = await api.post(f"jobs/{job['id']}/retry", {"parameters": {"n": 7}})

        assert cancelled.json["state"] == "cancelled"
        assert again.json["retry_of"] == job["id"]
        assert (await api.get(f"jobs/{again.json['id']}")).json["parameters"] == {"n": 7}

    async def test_it_may_be_given_other_limits_and_keeps_the_rest(
        self, api: Api, submit: Submit, home: StateHome
    ) -> None:
        job = await submit(options={"timeout": 60, "start_timeout": 9})
        await api.post(f"jobs/{job['id']}/cancel")

        again = (await api.post(f"jobs/{job['id']}/retry", {"options": {"timeout": 120, "memory": 10**9}})).json

        options = JobSpec.read(home.jobs / again["id"]).options
        assert (options.timeout, options.memory, options.start_timeout) == (120, 10**9, 9)

    async def test_a_job_that_has_not_ended_is_not_tried_again(self, api: Api, submit: Submit) -> None:
        answer = await api.post(f"jobs/{(await submit())['id']}/retry")

        assert (answer.status, answer.json["code"]) == (409, "job_not_ended")

    async def test_f9_a_locked_database_answers_503_with_the_time_to_wait(
        self, api: Api, home: StateHome, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Queue(home).close()
        monkeypatch.setattr(base, "PATIENCE_MS", 200)
        body = {"template": notebook("1").name}
        holder = sqlite3.connect(home.database, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")

        refused = await api.post("jobs", body)
        holder.execute("ROLLBACK")
        later = await api.post("jobs", body)

        assert (refused.status, refused.json["code"], refused.headers["Retry-After"]) == (503, "database_locked", "5")
        assert later.status == 201
        assert Queue(home).count(list(State)) == 1


class TestComparing:
    async def test_parameters_inputs_and_curves_stand_side_by_side(
        self, api: Api, submit: Submit, home: StateHome
    ) -> None:
        first = await submit("same", parameters="m: int = 0\nn: int = 1")
        second = (await api.post("jobs", {"template": "same.ipynb", "parameters": {"n": 2}})).json
        for job, losses in ((first, [3.0, 2.0]), (second, [4.0])):
            with Journal(home.jobs / job["id"]) as journal:
                for step, loss in enumerate(losses):
                    journal.event("metric", step=step, values={"loss": loss})

        found = (await api.get(f"jobs/comparison?id={first['id']}&id={second['id']}")).json

        assert [job["id"] for job in found["jobs"]] == [first["id"], second["id"]]
        assert found["parameters"][0] == {"name": "n", "values": [1, 2], "differs": True}
        assert found["metrics"] == {"loss": [[[0.0, 3.0], [1.0, 2.0]], [[0.0, 4.0]]]}
        assert found["environment"] is None

    @pytest.mark.parametrize("count", [0, 1, 9])
    async def test_two_to_eight_jobs_are_compared(self, api: Api, count: int) -> None:
        answer = await api.get("jobs/comparison?" + "&".join(["id=sft-0"] * count))

        assert (answer.status, answer.json["code"]) == (422, "invalid_query")

    async def test_an_unknown_job_among_them_is_not_found(self, api: Api, submit: Submit) -> None:
        job = await submit()

        assert (await api.get(f"jobs/comparison?id={job['id']}&id=sft-0000000")).status == 404
