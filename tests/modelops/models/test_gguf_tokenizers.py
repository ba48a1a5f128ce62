"""The tokenizer of a GGUF file is rebuilt faithfully."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from modelops.errors import InvalidInput
from modelops.models.gguf_files import read_gguf_header
from modelops.models.gguf_tokenizers import save_gguf_tokenizer
from modelops.models.loading import load_tokenizer


@pytest.fixture(scope="module")
def smollm2(smollm2_folder: Path) -> Any:
    return load_tokenizer(smollm2_folder)


def test_the_special_tokens_are_those_of_the_file(smollm2: Any) -> None:
    assert (smollm2.bos_token, smollm2.eos_token, smollm2.pad_token) == ("<|im_start|>", "<|im_end|>", "<|im_end|>")
    assert (smollm2.eos_token_id, smollm2.unk_token, smollm2.model_max_length) == (2, "<|endoftext|>", 8192)


@pytest.mark.parametrize(
    "text",
    [
        "Hello , world ! it 's  spaced",
        "日本語 🎉 wörld ▁ e\u0301",
        "\n\n\t  indented\r\n",
        Path(textwrap.__file__).read_text("utf-8"),
    ],
)
def test_decoding_gives_back_what_was_encoded(smollm2: Any, text: str) -> None:
    assert smollm2.decode(smollm2(text)["input_ids"]) == text


def test_digits_stand_alone_as_the_model_was_trained(smollm2: Any) -> None:
    assert smollm2.tokenize("in 1984,  0") == ["in", "Ġ", "1", "9", "8", "4", ",", "ĠĠ", "0"]


def test_control_tokens_are_one_token_each(smollm2: Any) -> None:
    assert smollm2("<|im_start|>user\nHi<|im_end|>")["input_ids"][0] == 1
    assert smollm2("<|im_start|>user\nHi<|im_end|>")["input_ids"][-1] == 2


def fields(gguf: Path, **changed: Any) -> dict[str, Any]:
    return read_gguf_header(gguf).fields | {f"tokenizer.ggml.{key}": value for key, value in changed.items()}


@pytest.mark.parametrize(
    ("pre", "pieces"),
    [
        ("gpt-2", ["it", "'s", "Ġ", "Ġ12345", "Ġx"]),
        ("smollm", ["it", "'s", "ĠĠ", "1", "2", "3", "4", "5", "Ġx"]),
        ("qwen2", ["it", "'s", "Ġ", "Ġ", "1", "2", "3", "4", "5", "Ġx"]),
        ("llama-bpe", ["it", "'s", "Ġ", "Ġ", "123", "45", "Ġx"]),
    ],
)
def test_text_is_split_by_the_files_own_rule(tiny_gguf: Path, tmp_path: Path, pre: str, pieces: list[str]) -> None:
    from tokenizers import Tokenizer

    save_gguf_tokenizer(fields(tiny_gguf, pre=pre), tiny_gguf, None, tmp_path)
    splitter = Tokenizer.from_file(str(tmp_path / "tokenizer.json")).pre_tokenizer
    assert [piece for piece, _ in splitter.pre_tokenize_str("it's  12345 x")] == pieces


def test_a_beginning_is_added_when_the_file_says_so(tiny_gguf: Path, tmp_path: Path) -> None:
    save_gguf_tokenizer(fields(tiny_gguf, add_bos_token=True), tiny_gguf, None, tmp_path / "with")
    save_gguf_tokenizer(fields(tiny_gguf), tiny_gguf, None, tmp_path / "without")
    assert load_tokenizer(tmp_path / "with")("a")["input_ids"][0] == 1
    assert 1 not in load_tokenizer(tmp_path / "without")("a")["input_ids"]


@pytest.mark.parametrize("changed", [{"pre": "of-another-planet"}, {"model": "rwkv"}])
def test_a_tokenizer_that_cannot_be_rebuilt_is_refused(
    tiny_gguf: Path, tmp_path: Path, changed: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save_gguf_tokenizer(fields(tiny_gguf, **changed), tiny_gguf, None, tmp_path)
    assert refusal.value.code == "unsupported_tokenizer"


def test_a_merge_of_tokens_that_do_not_exist_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save_gguf_tokenizer(fields(tiny_gguf, merges=["t h", "q zz"]), tiny_gguf, None, tmp_path)
    assert refusal.value.code == "invalid_tokenizer"


def test_a_file_without_a_vocabulary_is_refused(tiny_gguf: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refusal:
        save_gguf_tokenizer(fields(tiny_gguf, tokens=[]), tiny_gguf, None, tmp_path)
    assert refusal.value.code == "missing_tokenizer"
