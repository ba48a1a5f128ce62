"""What a job wrote, as it leaves the server: nothing in it runs in the reader's browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from modelops.paths import StateHome
from modelops.templates import load_template
from modelops_server.handlers.job_files import log_end
from modelops_server.jobs import Queue, submit

from .conftest import Api

HTML = "<script>alert('hunter2')</script><b>bold</b>"


@pytest.fixture
def job(home: StateHome, notebook: Callable[..., Path]) -> str:
    """A job that waits."""
    return submit(home, load_template(notebook("1")), {}).id


@pytest.fixture
def executed(home: StateHome, job: str) -> str:
    """A job that has failed and left a notebook with HTML in it."""
    output = new_output("display_data", {"text/html": HTML})
    cell = new_code_cell("1", outputs=[output])
    nbformat.write(new_notebook(cells=[cell]), home.jobs / job / "output.ipynb")
    Queue(home).database.execute("UPDATE jobs SET state = 'failed' WHERE id = ?", [job])
    return job


class TestTheLog:
    async def test_is_plain_text_that_is_not_shown_as_anything_else(self, api: Api, home: StateHome, job: str) -> None:
        (home.jobs / job / "log.txt").write_text(f"{HTML}\nÄ\n")

        answer = await api.get(f"jobs/{job}/log")

        assert answer.body.decode() == f"{HTML}\nÄ\n"
        assert answer.headers["Content-Type"] == "text/plain; charset=UTF-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"].startswith("sandbox;")

    async def test_is_empty_before_there_is_any(self, api: Api, job: str) -> None:
        assert (await api.get(f"jobs/{job}/log")).body == b""

    async def test_ends_with_as_many_lines_as_were_asked_for(self, api: Api, home: StateHome, job: str) -> None:
        (home.jobs / job / "log.txt").write_text("a\nb\nc")

        assert (await api.get(f"jobs/{job}/log?tail=2")).body == b"b\nc"
        assert (await api.get(f"jobs/{job}/log?tail=0")).body == b""
        assert (await api.get(f"jobs/{job}/log?tail=-1")).status == 422

    def test_of_a_long_one_the_end_is_sent_from_a_whole_line_on(self, tmp_path: Path) -> None:
        (tmp_path / "log.txt").write_text("first line\nsecond line\nthird line\n")

        assert log_end(tmp_path / "log.txt", most=15) == "third line\n"
        assert log_end(tmp_path / "log.txt", most=5) == "line\n"


class TestTheNotebook:
    async def test_is_to_be_saved_under_the_jobs_name(self, api: Api, home: StateHome, executed: str) -> None:
        answer = await api.get(f"jobs/{executed}/notebook")

        assert answer.body == (home.jobs / executed / "output.ipynb").read_bytes()
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert f"{executed}.ipynb" in answer.headers["Content-Disposition"]

    async def test_is_not_found_before_there_is_one(self, api: Api, job: str) -> None:
        answer = await api.get(f"jobs/{job}/notebook")

        assert (answer.status, answer.json["code"]) == (404, "no_notebook")


class TestTheReport:
    async def test_is_a_page_in_a_sandbox_without_scripts(self, api: Api, executed: str) -> None:
        answer = await api.get(f"jobs/{executed}/report")

        policy = answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert policy.startswith("sandbox;")
        assert "allow-scripts" not in policy
        assert "default-src 'none'" in policy
        assert b"<b>bold</b>" in answer.body
        assert b"<script>alert('hunter2')" not in answer.body

    async def test_waits_for_the_end_of_the_job(self, api: Api, job: str) -> None:
        answer = await api.get(f"jobs/{job}/report")

        assert (answer.status, answer.json["code"]) == (409, "job_not_ended")
