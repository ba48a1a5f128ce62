"""``modelops run --check``, and what ``modelops jobs show`` proposes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelops.paths import StateHome
from modelops.registry import Artifact


def test_check_says_that_a_job_can_run_and_starts_nothing(
    home: StateHome, modelops: Any, notebook: Callable[..., Path]
) -> None:
    path = notebook("n", parameters="n: int = 1")

    checked = modelops("run", str(path), "-p", "n=2", "--check")

    assert checked.status == 0
    assert checked.out.startswith("Ready")
    assert f"modelops run {path} -p n=2" in checked.out
    assert modelops("jobs", "list", "--json").json == []


def test_dry_run_of_what_cannot_run_exits_1_and_says_what_helps(
    home: StateHome, modelops: Any, notebook: Callable[..., Path]
) -> None:
    checked = modelops("run", str(notebook("1", requires=["no_such_package"])), "--dry-run")

    assert checked.status == 1
    assert checked.out.startswith("Not ready")
    assert "-m pip install no_such_package" in checked.out


def test_check_as_json_waits_for_the_counts(modelops: Any, tiny_model: Artifact, chats: Artifact) -> None:
    options = ("-p", "base_model=tiny", "-p", "dataset=chats", "-p", "max_length=128")

    checked = modelops("run", "sft", *options, "--check", "--json")

    assert checked.status == 0
    assert checked.json["dataset"]["rows"] == 40
    assert checked.json["estimate"]["memory"]["bytes"] > 10**8


def test_a_job_that_ran_out_of_time_is_shown_with_the_command_that_gives_it_more(
    modelops: Any, jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook("import time; time.sleep(60)"), timeout=1.0)

    shown = modelops("jobs", "show", job.id)

    assert f"modelops jobs retry {job.id} --timeout 2" in shown.out
    assert modelops("jobs", "show", job.id, "--json").json["proposals"][0]["options"] == {"timeout": 2}
