"""``modelops env``: what it says before, meanwhile and after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Lock = Callable[..., Path]


@pytest.fixture(autouse=True)
def _small(lock: Lock) -> None:
    lock()


def test_list_says_what_each_costs_and_whether_it_is_there(modelops: Any) -> None:
    before = {item["name"]: item for item in modelops("env", "list", "--json").json}
    modelops("env", "create", "small")
    after = {item["name"]: item for item in modelops("env", "list", "--json").json}

    assert (before["small"]["state"], before["small"]["size"]) == ("absent", None)
    assert (after["small"]["state"], after["small"]["packages"]) == ("ready", {"greeting": "1.0", "converter": "2.0"})
    assert after["small"]["size"] > 0
    assert "For tests." in modelops("env", "list").out


def test_create_says_the_cost_first_and_then_each_step(modelops: Any) -> None:
    made = modelops("env", "create", "small")

    assert made.status == 0
    assert made.out.startswith("Small (2 kB to download, 1 kB on disk, under a minute)\n")
    assert "kernel modelops-small" in made.out
    assert made.err.splitlines() == [
        "Making a virtual environment",
        "Downloading converter 2.0",
        "Installing greeting 1.0",
        "Looking whether everything can be imported",
    ]


def test_create_again_is_refused_with_the_option_that_helps(modelops: Any) -> None:
    modelops("env", "create", "small")

    refused = modelops("env", "create", "small", "--json")

    assert (refused.status, refused.json["code"]) == (1, "environment_exists")
    assert "--again" in refused.json["hint"]


def test_check_names_what_is_wrong_and_fails(modelops: Any, home: Any) -> None:
    modelops("env", "create", "small")
    whole = modelops("env", "check", "small")
    next((home.environments / "small").glob("lib/python*/site-packages/greeting.py")).unlink()
    broken = modelops("env", "check", "small", "--json")

    assert (whole.status, broken.status) == (0, 1)
    assert broken.json["problems"] == ["import greeting: ModuleNotFoundError: No module named 'greeting'"]


def test_check_of_one_that_is_not_there_names_the_command(modelops: Any) -> None:
    missing = modelops("env", "check", "small")

    assert missing.status == 2
    assert "modelops env create small" in missing.err


def test_remove_leaves_it_absent(modelops: Any) -> None:
    modelops("env", "create", "small")

    assert modelops("env", "remove", "small").status == 0

    (small,) = [item for item in modelops("env", "list", "--json").json if item["name"] == "small"]
    assert small["state"] == "absent"
