"""Weights that load without an error and are wrong all the same are refused before anything is signed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.models.probing import REPEAT_SHARE, probe_model

Weights = dict[str, Any]


@pytest.fixture
def damaged(smollm2_folder: Path, tmp_path: Path) -> Callable[[Callable[[Weights], object]], Path]:
    """The real model with its weights changed by a function."""

    def change(damage: Callable[[Weights], object]) -> Path:
        from safetensors.torch import load_file, save_file

        folder = tmp_path / "damaged"
        shutil.copytree(smollm2_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        weights = load_file(smollm2_folder / "model.safetensors")
        damage(weights)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return folder

    return change


def refused(folder: Path) -> InvalidInput:
    with pytest.raises(InvalidInput) as refusal:
        probe_model(folder)
    return refusal.value


def test_the_real_model_reads_well_and_better_again(smollm2_folder: Path) -> None:
    probe = probe_model(smollm2_folder)
    assert probe.loss < 2.5
    assert probe.loss_repeated < 0.15 * probe.loss
    assert probe.chance == pytest.approx(10.8, abs=0.01)


def test_query_and_key_rows_in_another_order_are_noticed(damaged: Any) -> None:
    """What a converter from GGUF does that forgets to undo llama.cpp's order of rows."""

    def permute(weights: Weights) -> None:
        for name, heads in (("q_proj", 9), ("k_proj", 3)):
            for layer in range(30):
                key = f"model.layers.{layer}.self_attn.{name}.weight"
                rows = weights[key]
                weights[key] = rows.reshape(heads, 2, 32, 576).swapaxes(1, 2).reshape(rows.shape).contiguous()

    error = refused(damaged(permute))
    assert error.code == "implausible_model"
    assert float(error.details["loss_repeated"]) > REPEAT_SHARE * float(error.details["loss"])


def test_layers_that_changed_places_are_noticed(damaged: Any) -> None:
    def swap(weights: Weights) -> None:
        for key in [key for key in weights if key.startswith("model.layers.3.")]:
            other = key.replace("layers.3.", "layers.20.")
            weights[key], weights[other] = weights[other], weights[key]

    assert refused(damaged(swap)).code == "implausible_model"


def test_shuffled_rows_of_the_embedding_are_noticed(damaged: Any) -> None:
    key = "model.embed_tokens.weight"
    assert refused(damaged(lambda weights: weights.update({key: weights[key].flip(0)}))).code == "implausible_model"


def test_a_tensor_of_zeros_is_noticed_and_named(damaged: Any) -> None:
    key = "model.layers.14.mlp.up_proj.weight"
    error = refused(damaged(lambda weights: weights[key].zero_()))
    assert error.code == "implausible_model"
    assert error.details["tensor"] == key


def test_an_untrained_model_is_refused(tiny_model_folder: Path) -> None:
    error = refused(tiny_model_folder)
    assert error.code == "implausible_model"
    assert "--no-probe" in error.hint


def test_a_missing_tensor_is_refused_where_transformers_only_warns(model: Path) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(model / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
    error = refused(model)
    assert (error.code, error.details["tensors"]) == ("incomplete_weights", ["model.layers.1.mlp.up_proj.weight"])


@pytest.mark.parametrize(
    ("change", "reason"), [({"num_hidden_layers": 1}, "not in the model"), ({"intermediate_size": 64}, "another shape")]
)
def test_weights_of_another_configuration_are_refused(model: Path, change: dict[str, int], reason: str) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | change))
    error = refused(model)
    assert error.code == "incomplete_weights"
    assert reason in error.message


def test_an_unknown_kind_of_model_is_refused(model: Path) -> None:
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"model_type": "of-another-planet"}))
    assert refused(model).code == "unsupported_architecture"
