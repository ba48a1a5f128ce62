"""``modelops endpoints`` as it is typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_endpoint import register_gguf, served
from tiny_gguf import tiny_gguf

from modelops.paths import StateHome

__all__ = ["served", "tiny_gguf"]

SMALL = ("--context", "256", "--parallel", "2", "--threads", "1")


@pytest.fixture
def tiny(home: StateHome, tiny_gguf: Path, served: Any) -> str:
    """The reference of a model that can be served; what is started with it ends with the test."""
    return register_gguf(home, tiny_gguf).ref


def test_from_start_to_end(tiny: str, modelops: Any) -> None:
    started = modelops("endpoints", "start", tiny, "--name", "bot", *SMALL)
    assert started.status == 0, started.err
    assert "tiny@1 on llamacpp, 256 tokens, 2 requests at a time" in started.out
    assert "Nothing to compare with: evaluate it first" in started.out
    assert modelops("endpoints", "list", "--json").json[0]["state"] == "ready"
    shown = modelops("endpoints", "show", "bot")
    assert "state      ready" in shown.out
    assert "llama.cpp (xllamacpp) serves bot" in modelops("endpoints", "log", "bot").out
    assert modelops("endpoints", "restart", "bot", "--json").json["state"] == "ready"
    assert modelops("endpoints", "stop", "bot", "--json").json["state"] == "stopped"
    assert modelops("endpoints", "remove", "bot").out == "Removed bot.\n"
    assert "Begin with: modelops endpoints start MODEL" in modelops("endpoints", "list").out


def test_keys_are_shown_once(tiny: str, modelops: Any) -> None:
    modelops("endpoints", "start", tiny, "--detach", *SMALL)
    made = modelops("endpoints", "keys", "tiny", "--create", "ada", "--json").json

    assert made["key"].startswith("sk-modelops-")
    assert modelops("endpoints", "keys", "tiny", "--json").json == {"keys": made["keys"]}
    assert "only who can log in" in modelops("endpoints", "keys", "tiny", "--revoke", "ada").out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("show", "nobody"), "unknown_endpoint"),
        (("start", "nobody"), "artifact_not_found"),
        (("start", "tiny", "--engine", "abacus"), "unknown_engine"),
        (("start", "tiny", "--name", "No Name"), "invalid_name"),
        (("start", "tiny", "--context", "100000"), "context_too_long"),
        (("start", "tiny", "--max-memory", "1MB"), "out_of_memory"),
        (("start", "tiny", "--adapter", "tiny"), "not_an_adapter"),
        (("start", "tiny", "--gpus", "9"), "too_few_gpus"),
    ],
)
def test_what_is_wrong_is_said(tiny: str, modelops: Any, arguments: tuple[str, ...], code: str) -> None:
    answer = modelops("endpoints", *arguments, "--json")

    assert answer.status in {1, 2}
    assert answer.json["code"] == code
    assert answer.json["hint"]
