"""Engine processes that serve a tiny model which has learned a few answers by heart, and two adapters with others."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from engine_process import Engine
from peft import LoraConfig, get_peft_model
from tiny_answers import NEXT, THIRD, learn, learned_model

from modelops.models import load_model, load_tokenizer

__all__ = ["learned_model"]


@pytest.fixture(scope="session")
def learned_adapters(learned_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """Two adapters of it: each gives the answers of other questions."""
    adapters = []
    for name, answers in {"next": NEXT, "next.3": THIRD}.items():
        torch.manual_seed(0)
        lora = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
        adapted = get_peft_model(load_model(learned_model, "float32"), lora)
        learn(adapted, load_tokenizer(learned_model), answers, rate=1e-2)
        folder = tmp_path_factory.mktemp("adapter")
        adapted.save_pretrained(str(folder), save_embedding_layers=False)
        adapters.append({"name": name, "folder": str(folder)})
    return adapters


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., Engine]]:
    """Starts engines, and ends them with the module."""
    engines: list[Engine] = []
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders have names too long for a socket

        def begin(model: Path, **options: Any) -> Engine:
            own = tempfile.mkdtemp(dir=folder)
            engines.append(Engine(Path(own), model, **options))
            return engines[-1]

        yield begin
        for engine in engines:
            engine.stop()


@pytest.fixture(scope="module")
def engine(start: Callable[..., Engine], learned_model: Path, learned_adapters: list[dict[str, str]]) -> Engine:
    """The learned model with both adapters, of which none is applied where none is named."""
    return start(learned_model, adapters=learned_adapters, parallel=8)
