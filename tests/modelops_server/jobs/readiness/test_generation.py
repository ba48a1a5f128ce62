"""Whether a run of answers can start here: who answers, what is asked, and with what it is computed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_endpoint import register_gguf
from tiny_gguf import tiny_gguf

from modelops.paths import StateHome
from modelops.registry import Artifact
from modelops.templates import load_template
from modelops_server.jobs.readiness import Asked, Check, check_readiness

__all__ = ["tiny_gguf"]

TEMPLATE = load_template(Path(__file__).parents[4] / "templates" / "generate.ipynb")

Generate = Callable[..., dict[str, Check]]


@pytest.fixture
def generate(jobs: Any, tiny_model: Artifact, chats: Artifact) -> Generate:
    """Asks for the checks of a run on the conversations with these parameters, by their names."""

    def checks(**parameters: Any) -> dict[str, Check]:
        readiness = check_readiness(Asked(TEMPLATE, {"dataset": "chats", **parameters}), jobs.queue)
        return {check.name: check for check in readiness.checks}

    return checks


def test_a_run_that_can_start(generate: Generate) -> None:
    checks = generate(model="tiny")

    assert {check.status for check in checks.values()} == {"ok"}
    assert checks["dataset"].sentence == "The rows of its train split are asked."


def test_exactly_one_of_model_and_endpoint_is_named(generate: Generate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELOPS_URL", "http://127.0.0.1:8888/")
    assert generate()["sources"].status == "blocked"
    assert generate(model="tiny", endpoint="bot")["sources"].status == "blocked"
    assert generate(endpoint="bot")["sources"].status == "unknown"


def test_an_endpoint_needs_a_server_that_can_be_asked(
    generate: Generate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("MODELOPS_URL", "JUPYTERHUB_SERVICE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))

    check = generate(endpoint="bot")["sources"]

    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.command == "jupyter lab"


def test_a_gguf_file_is_left_to_an_endpoint(generate: Generate, home: StateHome, tiny_gguf: Path) -> None:
    register_gguf(home, tiny_gguf, "rounded", quantization="Q8_0")

    check = generate(model="rounded")["model"]

    assert check.status == "blocked"
    assert check.mend is not None
    assert check.mend.command == "modelops endpoints start rounded@1"


def test_what_cannot_be_asked_is_said_with_what_helps(generate: Generate) -> None:
    split = generate(model="tiny", split="validation")["dataset"]
    length = generate(model="tiny", max_tokens=512)["max_tokens"]
    samples = generate(model="tiny", samples=2)["samples"]

    assert (split.status, length.status, samples.status) == ("blocked", "blocked", "warning")
    assert [check.mend and check.mend.parameters for check in (split, length, samples)] == [
        {"split": "test"},
        {"max_tokens": 256},
        {"temperature": 0.8},
    ]
