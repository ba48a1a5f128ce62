"""What is trained beside a 4-bit model gets the gradients of that model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
from transformers import BitsAndBytesConfig, PreTrainedModel, set_seed

from modelops.models import load_model
from modelops.training import PackedCollator, keep_differentiable, pack


@pytest.fixture
def build(tiny_model_folder: Path) -> Any:
    """The tiny model in 4 bits with an update that is not zero, or the same in float32."""

    def make(quantized: bool = True) -> Any:
        options: dict[str, Any] = {}
        if quantized:
            options["quantization_config"] = BitsAndBytesConfig(
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.float32
            )
        model: PreTrainedModel = load_model(tiny_model_folder, dtype="float32", **options)
        model.config.use_cache = False
        if quantized:
            model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)
            keep_differentiable(model)
        set_seed(3)
        return get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))

    return make


def _gradient(model: Any, batch: dict[str, Any]) -> torch.Tensor:
    model.train()
    model.zero_grad()
    model(**batch).loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.requires_grad])


def test_an_evaluation_leaves_the_gradient_as_it_was(build: Any, examples: Dataset) -> None:
    batch = PackedCollator()(list(pack(examples, 512)))
    model = build()
    before = _gradient(model, batch)
    model.eval()
    with torch.no_grad():
        model(**batch)
    torch.testing.assert_close(_gradient(model, batch), before)


def test_the_gradient_is_close_to_that_beside_the_full_precision_model(build: Any, examples: Dataset) -> None:
    batch = PackedCollator()(list(pack(examples, 512)))
    quantized, full = (_gradient(build(quantized), batch) for quantized in (True, False))
    assert torch.cosine_similarity(quantized, full, dim=0) > 0.95
