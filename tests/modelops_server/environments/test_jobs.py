"""Jobs that run in an environment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import Conflict, Unavailable
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.templates import load_template
from modelops_server.environments import environment
from modelops_server.environments.creation import create
from modelops_server.jobs import Queue, submit
from modelops_server.jobs.in_use import refuse_in_use
from modelops_server.jobs.readiness import Asked, check_readiness

_MAKE = """
import greeting, modelops
folder = modelops.output_folder("report")
(folder / "word.txt").write_text(greeting.WORD)
modelops.log_artifact(folder, name="word", kind="report")
"""


def test_a_job_runs_in_the_environment_that_its_template_names_and_the_statement_names_its_lock(
    jobs: Any, home: StateHome, lock: Callable[..., Path], notebook: Callable[..., Path]
) -> None:
    lock()
    small = environment(home, "small")
    create(small, lambda _: None)

    job = jobs.run(notebook(_MAKE, environment="small", produces=["report"]))

    assert job.state == "succeeded", job.reason
    assert (
        (job.folder / "environment.txt")
        .read_text()
        .startswith(f"# environment small, lock sha256:{small.definition.sha256}\n# Python 3.")
    )
    registry = Registry(home)
    statement = registry.signed(registry.get("word")).statement
    named = {item.name: (item.uri, item.sha256) for item in statement.dependencies}
    assert named["environment-lock"] == ("modelops:environment/small", small.definition.sha256)


def test_without_it_nothing_is_queued_and_the_way_to_it_is_named(
    home: StateHome, lock: Callable[..., Path], notebook: Callable[..., Path]
) -> None:
    lock()
    template = load_template(notebook("pass", environment="small"))

    with pytest.raises(Unavailable) as refused:
        submit(home, template, {})
    ready = check_readiness(Asked(template, {}), Queue(home))

    assert refused.value.code == "environment_missing"
    assert refused.value.hint.endswith("modelops env create small")
    (check,) = [check for check in ready.checks if check.name == "environment"]
    assert (ready.ready, check.status) == (False, "blocked")
    assert check.mend is not None
    assert check.mend.command == "modelops env create small"
    assert check.mend.action == {"kind": "create-environment", "environment": "small"}


def test_a_value_can_ask_for_another_environment(
    home: StateHome, lock: Callable[..., Path], notebook: Callable[..., Path]
) -> None:
    lock()
    template = load_template(
        notebook("pass", parameters="types: list[str] = ['a']", environments={"small": {"types": ["b"]}})
    )

    def check(**parameters: Any) -> Any:
        ready = check_readiness(Asked(template, parameters), Queue(home))
        return next(check for check in ready.checks if check.name == "environment")

    assert check().status == "ok"
    assert check(types=["a", "b"]).mend.command == "modelops env create small"
    assert check(types=["b"], wrong=1).mend.command == "modelops env create small"
    with pytest.raises(Unavailable, match="'small'"):
        submit(home, template, {"types": ["b"]})


def test_one_that_a_waiting_job_needs_is_neither_removed_nor_made_anew(
    home: StateHome, lock: Callable[..., Path], notebook: Callable[..., Path], modelops: Any
) -> None:
    lock()
    create(environment(home, "small"), lambda _: None)
    job = submit(home, load_template(notebook("pass", environment="small")), {})

    with pytest.raises(Conflict, match=job.id):
        refuse_in_use(environment(home, "small"), Queue(home))
    assert modelops("env", "remove", "small").status == 1
    assert modelops("env", "create", "small", "--again", "--json").json["code"] == "environment_in_use"
    modelops("jobs", "cancel", job.id)

    assert json.loads(modelops("env", "remove", "small", "--json").out)["freed"] > 0
