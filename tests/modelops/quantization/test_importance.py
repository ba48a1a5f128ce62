"""The importance matrix is the mean square of every layer's inputs, under the names of the GGUF file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from modelops.conversations import Examples, tokenize_rows
from modelops.errors import NonFinite
from modelops.models import load_model, load_tokenizer
from modelops.quantization import importance_matrix, save_importance

ROWS = [
    {"messages": [{"role": "user", "content": "Say 7!"}, {"role": "assistant", "content": "7"}]},
    {"messages": [{"role": "user", "content": "Count to three."}, {"role": "assistant", "content": "1, 2, 3."}]},
]


@pytest.fixture
def examples(tiny_model_folder: Path) -> Examples:
    return tokenize_rows(ROWS, load_tokenizer(tiny_model_folder), 128)


def test_it_is_the_mean_square_of_what_a_layer_is_given(tiny_model_folder: Path, examples: Examples) -> None:
    model = load_model(tiny_model_folder, dtype=torch.float32)
    told: list[tuple[float, float]] = []
    found = importance_matrix(model, examples, lambda *done: told.append(done))

    plain = AutoModelForCausalLM.from_pretrained(tiny_model_folder, dtype=torch.float32)
    hidden = []
    for row in examples.dataset:
        states = plain(input_ids=torch.tensor([row["input_ids"]]), output_hidden_states=True).hidden_states
        hidden.append(plain.model.layers[1].input_layernorm(states[1])[0])
    expected = torch.cat(hidden).double().square().mean(0)
    np.testing.assert_allclose(found["model.layers.1.self_attn.q_proj"], expected.detach().numpy(), rtol=1e-5)
    assert set(found) == {name for name, module in plain.named_modules() if isinstance(module, torch.nn.Linear)}
    assert told == [(1, 2), (2, 2)]
    assert not model._forward_pre_hooks


def test_it_is_saved_under_the_names_of_the_file(
    tiny_model_folder: Path, examples: Examples, tiny_gguf: Path, tmp_path: Path
) -> None:
    found = importance_matrix(load_model(tiny_model_folder, dtype=torch.float32), examples)
    count = save_importance(found, tiny_gguf, tmp_path / "importance.npz")

    saved = np.load(tmp_path / "importance.npz")
    assert count == len(saved.files) == 2 * 7
    np.testing.assert_array_equal(saved["blk.1.ffn_down.weight"], found["model.layers.1.mlp.down_proj"])


def test_a_model_that_is_damaged_is_refused(tiny_model_folder: Path, examples: Examples) -> None:
    model = load_model(tiny_model_folder, dtype=torch.float32)
    with torch.no_grad():
        model.get_input_embeddings().weight.fill_(torch.nan)
    with pytest.raises(NonFinite, match="not finite"):
        importance_matrix(model, examples)
