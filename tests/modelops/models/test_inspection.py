"""What a model is, and why it is refused, is known from its files alone."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.models import inspect_model


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as refusal:
        inspect_model(path)
    assert refusal.value.hint
    return refusal.value.code


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def test_a_folder_is_described(tiny_model_folder: Path) -> None:
    info = inspect_model(tiny_model_folder)
    template = (tiny_model_folder / "chat_template.jinja").read_bytes()
    assert info.architecture == "LlamaForCausalLM"
    assert info.parameter_count == 320 * 64 + 2 * (2 * 64 * 64 + 2 * 32 * 64 + 3 * 128 * 64 + 2 * 64) + 64
    assert (info.dtype, info.context_length, info.vocabulary_size) == ("float32", 512, 320)
    assert info.chat_template == hashlib.sha256(template).hexdigest()


def test_a_gguf_file_is_described(smollm2_gguf: Path) -> None:
    info = inspect_model(smollm2_gguf)
    assert (info.format, info.architecture, info.dtype) == ("gguf", "llama", "q4_1")
    assert (info.parameter_count, info.context_length, info.vocabulary_size) == (134_515_008, 8192, 49152)
    assert info.chat_template


def test_neither_torch_nor_transformers_is_imported(tiny_model_folder: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from modelops.models import check_finite, inspect_model
inspect_model(Path({str(tiny_model_folder)!r}))
check_finite(Path({str(tiny_model_folder)!r}))
assert not {{"torch", "transformers"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_pickle_is_refused_by_name_and_by_content(model: Path) -> None:
    (model / "pytorch_model.bin").write_bytes(b"anything")
    assert refused(model) == "pickle"
    (model / "pytorch_model.bin").rename(model / "notes.txt")
    inspect_model(model)
    (model / "notes.txt").write_bytes(pickle.dumps(list(range(100))))
    assert refused(model) == "pickle"


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_a_model_that_wants_remote_code_is_refused(model: Path, file: str) -> None:
    edit(model / file, lambda document: document.update(auto_map={"AutoModelForCausalLM": "evil--code.Model"}))
    assert refused(model) == "remote_code"


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ("config.json", "missing_config"),
        ("tokenizer.json", "missing_tokenizer"),
        ("model.safetensors", "missing_weights"),
    ],
)
def test_a_model_without_one_of_its_parts_is_refused(model: Path, file: str, code: str) -> None:
    (model / file).unlink()
    assert refused(model) == code


def test_a_model_without_a_chat_template_is_accepted_and_says_so(model: Path) -> None:
    (model / "chat_template.jinja").unlink()
    assert inspect_model(model).chat_template is None


def test_a_chat_template_in_the_tokenizers_configuration_is_found(model: Path) -> None:
    (model / "chat_template.jinja").unlink()
    edit(model / "tokenizer_config.json", lambda document: document.update(chat_template="{{ messages }}"))
    assert inspect_model(model).chat_template == hashlib.sha256(b"{{ messages }}").hexdigest()


def test_a_link_in_a_model_is_refused(model: Path) -> None:
    (model / "extra.json").symlink_to("/etc/hostname")
    assert refused(model) == "not_a_regular_file"


@pytest.mark.parametrize("content", ["{", "[]", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")])
def test_a_broken_configuration_is_refused(model: Path, content: str) -> None:
    (model / "config.json").write_text(content)
    assert refused(model) == "invalid_json"


def test_a_tokenizer_with_more_tokens_than_the_model_is_refused(model: Path) -> None:
    edit(model / "config.json", lambda document: document.update(vocab_size=100))
    assert refused(model) == "tokenizer_mismatch"


def test_a_shard_that_is_missing_is_named(model: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}
    (model / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InvalidInput, match=r"model-00002-of-00002\.safetensors") as refusal:
        inspect_model(model)
    assert refusal.value.code == "missing_shard"


def test_a_folder_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere") == "model_not_found"
