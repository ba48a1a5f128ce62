"""A model that learned a few answers by heart, and what it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_answers import QUESTIONS, learned_model
from tiny_endpoint import register_gguf, serving
from tiny_gguf import write_gguf

from modelops import Client
from modelops.generation import Prompt, read_prompts
from modelops.models import Loaded, load_for_inference

__all__ = ["learned_model"]


@pytest.fixture(scope="session")
def taught(learned_model: Path) -> Loaded:
    return load_for_inference(learned_model)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """So small a model is slower with two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def prompts(tmp_path: Path) -> list[Prompt]:
    """Its questions, and one that leaves no room for an answer."""
    (tmp_path / "data").mkdir()
    rows = [{"text": text} for text in [*QUESTIONS, "word " * 300]]
    (tmp_path / "data" / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return read_prompts(tmp_path)


@pytest.fixture(scope="module")
def client(
    running_server: Any, learned_model: Path, tmp_path_factory: pytest.TempPathFactory, monkeymodule: pytest.MonkeyPatch
) -> Iterator[Client]:
    """A client of a server that serves the taught model as ``taught``; this process uses its state home."""
    gguf = tmp_path_factory.mktemp("gguf") / "taught.gguf"
    write_gguf(learned_model, gguf)
    register_gguf(running_server.home, gguf, "taught")
    monkeymodule.setenv("MODELOPS_HOME", str(running_server.home.root))
    with Client(running_server.url, running_server.token) as client, serving(client, "taught"):
        yield client


@pytest.fixture(scope="module")
def monkeymodule() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch
