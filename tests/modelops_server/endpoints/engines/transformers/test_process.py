"""The engine as a process: slots, queues, hanging up, memory that runs out, and its end."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import torch
from engine_process import Engine, asking
from transformers import GPT2Config, GPT2LMHeadModel

from modelops.models import load_tokenizer
from modelops_server.endpoints.engines.transformers.decoding import enough_memory
from modelops_server.endpoints.engines.transformers.problems import Problem

FOR_MINUTES = {"prompt": "a", "max_tokens": 99_000, "ignore_eos": True, "stream": True, "model": "tiny"}


@pytest.fixture(scope="module")
def narrow(start: Callable[..., Engine], learned_model: Path) -> Engine:
    """An engine that answers one request at a time, however long."""
    return start(learned_model, parallel=1, context=100_000)


def test_who_hangs_up_leaves_the_slot_to_the_next(narrow: Engine) -> None:
    with narrow.connect() as client, client.stream("POST", "/v1/completions", json=FOR_MINUTES) as answer:
        assert next(answer.iter_lines()).startswith("data: ")

    assert narrow.say("Hi") == "Hello there, friend."


def test_who_hangs_up_while_waiting_is_forgotten(narrow: Engine) -> None:
    with narrow.connect() as client, client.stream("POST", "/v1/completions", json=FOR_MINUTES) as answer:
        lines = answer.iter_lines()  # who lets go of it hangs up
        next(lines)
        for _ in range(8):  # more than may wait
            with narrow.connect() as impatient, pytest.raises(Exception, match="timed out"):
                impatient.post("/v1/chat/completions", json=asking("Hi", model="tiny"), timeout=0.3)

    assert narrow.say("Hi") == "Hello there, friend."


def test_too_many_that_wait_are_turned_away(narrow: Engine) -> None:
    with narrow.connect() as client, client.stream("POST", "/v1/completions", json=FOR_MINUTES) as answer:
        lines = answer.iter_lines()  # who lets go of it hangs up
        next(lines)
        refused = narrow.post("completions", prompt=["a", "b", "c", "d", "e"])
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "engine_busy")
        assert narrow.client.get("/health").status_code == 200


def test_a_request_that_needs_too_much_memory_fails_alone(start: Callable[..., Engine], learned_model: Path) -> None:
    engine = start(learned_model, context=5_000_000)
    process = psutil.Process(engine.process.pid)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + (1 << 30),) * 2)

    answer = engine.post("embeddings", input=[5] * 3_000_000)

    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "out_of_memory")
    assert engine.say("Hi") == "Hello there, friend."


def test_other_faults_are_not_taken_for_lack_of_memory() -> None:
    problems: list[Problem] = []

    with enough_memory(problems.append):
        torch.empty(1 << 55)
    with pytest.raises(RuntimeError, match="shape"), enough_memory(problems.append):
        torch.empty(6).view(5)

    assert [problem.code for problem in problems] == ["out_of_memory"]


def test_a_model_that_computes_nan_says_so(start: Callable[..., Engine], learned_model: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    for file in learned_model.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights["model.norm.weight"][3] = torch.nan
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    engine = start(tmp_path)

    for temperature in (0, 1):
        answer = engine.post("completions", prompt="a", temperature=temperature)
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "non_finite")
    assert engine.stream_error("completions", prompt="a")["code"] == "non_finite"


def test_a_model_that_breaks_ends_the_process_with_the_reason(
    start: Callable[..., Engine], learned_model: Path, tmp_path: Path
) -> None:
    config = GPT2Config(vocab_size=320, n_positions=16, n_embd=32, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    load_tokenizer(learned_model).save_pretrained(tmp_path)
    engine = start(tmp_path, context=64)  # more than it has places for

    with pytest.raises(Exception, match="disconnected"):
        engine.post("completions", prompt="a" * 32)

    assert engine.process.wait(timeout=30) == 1
    assert engine.log.read_text().splitlines()[-1].startswith("error: The model has failed: ")


def test_it_ends_at_once_when_told_to(start: Callable[..., Engine], learned_model: Path) -> None:
    engine = start(learned_model, context=100_000)
    with engine.connect() as client, client.stream("POST", "/v1/completions", json=FOR_MINUTES) as answer:
        lines = answer.iter_lines()  # who lets go of it hangs up
        next(lines)
        engine.process.send_signal(signal.SIGTERM)
        assert engine.process.wait(timeout=30) == 0


@pytest.mark.parametrize(
    ("assignment", "reason"),
    [
        ({"model": "/nowhere", "name": "n", "socket": "/nowhere/s", "key": "k"}, "There is no folder /nowhere"),
        ({"model": "/nowhere"}, "The assignment of this engine cannot be used"),
    ],
)
def test_what_cannot_be_served_is_said_in_the_last_line(assignment: dict[str, Any], reason: str) -> None:
    command = [sys.executable, "-P", "-m", "modelops_server.endpoints.engines.transformers"]
    ended = subprocess.run(command, input=json.dumps(assignment) + "\n", capture_output=True, text=True, timeout=120)

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(f"error: {reason}")
