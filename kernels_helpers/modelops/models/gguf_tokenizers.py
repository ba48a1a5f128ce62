"""Rebuilds the tokenizer that a GGUF file describes.

transformers converts one too, but measured on SmolLM2 it took the beginning-of-sequence token for the end-of-sequence
token (a fine-tuned model would never stop) and split text by GPT-2's rule whatever ``tokenizer.ggml.pre`` says. So
byte-level BPE is built here from the file's own fields, and only SentencePiece vocabularies are left to transformers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput
from modelops.models.loading import import_transformers

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_CONTROL, _USER_DEFINED = 3, 4  # values of tokenizer.ggml.token_type

# How text is split before merges, by the value of tokenizer.ggml.pre (llama.cpp, src/llama-vocab.cpp).
_GPT2 = frozenset({"default", "gpt-2", "phi-2", "olmo", "dbrx", "jina-en", "jina-es", "jina-de", "mpt"})
_DIGITS_THEN_GPT2 = frozenset({"smollm", "starcoder", "refact", "command-r", "codeshell", "exaone"})
_PATTERNS = {
    "llama-bpe": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
    "qwen2": (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+"
    ),
}
_PATTERNS |= dict.fromkeys(("llama3", "llama-v3"), _PATTERNS["llama-bpe"])
_PATTERNS |= dict.fromkeys(("deepseek-r1-qwen", "megrez"), _PATTERNS["qwen2"])


def save_gguf_tokenizer(fields: dict[str, Any], gguf: Path, context_length: int | None, folder: Path) -> None:
    """Write the tokenizer and chat template described by a GGUF header's ``fields`` into ``folder``.

    Raises ``InvalidInput``: ``missing_tokenizer``, ``invalid_tokenizer`` or ``unsupported_tokenizer``.
    """
    transformers = import_transformers()
    model = fields.get("tokenizer.ggml.model")
    if not model or not fields.get("tokenizer.ggml.tokens"):
        raise InvalidInput(
            "missing_tokenizer",
            f"{gguf.name} has no tokenizer.",
            "Use a GGUF file that was converted with its vocabulary.",
        )
    tokens: list[str] = fields["tokenizer.ggml.tokens"]
    options = _special_tokens(fields, tokens) | {
        "clean_up_tokenization_spaces": False,  # decoding must give back what was encoded
        "chat_template": fields.get("tokenizer.chat_template"),
    }
    if context_length:
        options["model_max_length"] = context_length
    if model == "gpt2":
        tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=_byte_level_bpe(fields, tokens), **options)
    elif model == "llama":
        options |= {"gguf_file": gguf.name, "local_files_only": True}
        tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, **options)
    else:
        raise _unsupported(gguf.name, f"a vocabulary of type {str(model)[:50]!r}")
    tokenizer.save_pretrained(folder)


def _byte_level_bpe(fields: dict[str, Any], tokens: list[str]) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, processors

    pre = fields.get("tokenizer.ggml.pre", "default")
    vocabulary = {token: id for id, token in enumerate(tokens)}
    merges = _merges(fields, vocabulary)
    # Llama 3 was trained with whole words from the vocabulary taken before any merge.
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=_is_llama3(pre)))
    tokenizer.pre_tokenizer = _pre_tokenizer(pre)
    tokenizer.decoder = decoders.ByteLevel()
    types = fields.get("tokenizer.ggml.token_type", ())
    tokenizer.add_special_tokens(
        [AddedToken(t, normalized=False) for t, kind in zip(tokens, types, strict=False) if kind == _CONTROL]
    )
    tokenizer.add_tokens(
        [AddedToken(t, normalized=False) for t, kind in zip(tokens, types, strict=False) if kind == _USER_DEFINED]
    )
    beginning = _token(fields, tokens, "bos")
    if beginning is not None and fields.get("tokenizer.ggml.add_bos_token", _is_llama3(pre)):
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{beginning} $A",
            pair=f"{beginning} $A {beginning}:1 $B:1",
            special_tokens=[(beginning, tokens.index(beginning))],
        )
    return tokenizer


def _merges(fields: dict[str, Any], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    merges = []
    for merge in fields.get("tokenizer.ggml.merges", ()):
        left, _, right = str(merge).partition(" ")
        if not {left, right, left + right} <= vocabulary.keys():
            raise InvalidInput(
                "invalid_tokenizer",
                f"The GGUF file merges {left[:50]!r} and {right[:50]!r}, but does not have them all as tokens.",
                "Fetch the file again, or add the original model from its safetensors files.",
            )
        merges.append((left, right))
    return merges


def _pre_tokenizer(pre: str) -> Any:
    from tokenizers import Regex, pre_tokenizers

    if pre in _GPT2:
        return pre_tokenizers.ByteLevel(add_prefix_space=False)
    if pre in _DIGITS_THEN_GPT2:
        return pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
        )
    if pre in _PATTERNS:
        return pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(_PATTERNS[pre]), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    raise _unsupported("The GGUF file", f"the pre-tokenizer {str(pre)[:50]!r}")


def _special_tokens(fields: dict[str, Any], tokens: list[str]) -> dict[str, str | None]:
    return {
        "bos_token": _token(fields, tokens, "bos"),
        "eos_token": _token(fields, tokens, "eos"),
        "unk_token": _token(fields, tokens, "unknown"),
        "pad_token": _token(fields, tokens, "padding"),
    }


def _token(fields: dict[str, Any], tokens: list[str], role: str) -> str | None:
    id = fields.get(f"tokenizer.ggml.{role}_token_id")
    return tokens[id] if isinstance(id, int) and 0 <= id < len(tokens) else None


def _is_llama3(pre: str) -> bool:
    return _PATTERNS.get(pre) == _PATTERNS["llama-bpe"]


def _unsupported(name: str, what: str) -> InvalidInput:
    return InvalidInput(
        "unsupported_tokenizer",
        f"{name} has {what}, which cannot be rebuilt faithfully.",
        "Add the original model from its safetensors files instead.",
    )
