"""Says what a model's files hold, without torch and without loading a weight, and refuses what must not be loaded."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.files import regular_files
from modelops.models.embedders import EmbedderInfo, inspect_embedder, is_embedder, json_document
from modelops.models.gguf_files import read_gguf_header
from modelops.models.pickles import SUFFIXES, pickle_refused, refuse_pickle
from modelops.models.safetensors_files import StoredTensor, read_header

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "spiece.model",
    "sentencepiece.bpe.model",
    "vocab.txt",
)
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I8": "int8", "U8": "uint8"}
_CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length")
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class ModelInfo:
    """What a model is, as its files say. ``context_length`` is in tokens; ``chat_template`` is its SHA-256."""

    format: str
    architecture: str
    parameter_count: int
    dtype: str
    context_length: int | None
    vocabulary_size: int | None
    chat_template: str | None
    quantization: str | None = None
    embedding: EmbedderInfo | None = None
    """Of a model that makes vectors of texts, what they are."""

    def as_json(self) -> dict[str, Any]:
        """The facts as a JSON object."""
        return {name: value for name, value in asdict(self).items() if name != "embedding" or value}


def inspect_model(path: Path) -> ModelInfo:
    """What the model in a folder (or ``.gguf`` file) is; it has weights, configuration and tokenizer, and runs no code.

    Raises ``InvalidInput`` with a code of its own for each reason not to load it: ``pickle``, ``remote_code``,
    ``not_a_regular_file``, ``missing_weights``, ``missing_config``, ``missing_tokenizer``, ``missing_shard`` …, and
    those of :func:`~modelops.models.safetensors_files.read_header` and
    :func:`~modelops.models.gguf_files.read_gguf_header`.
    """
    if path.is_file():
        return _inspect_gguf(path)
    if not path.is_dir():
        raise InvalidInput(
            "model_not_found", f"There is no folder {path}.", "Give a folder with a model, or a .gguf file."
        )
    names = {relative: file for relative, file in regular_files(path) if not relative.startswith(".")}
    for relative, file in names.items():
        if file.suffix.lower() in SUFFIXES:
            raise pickle_refused(relative)
        refuse_pickle(file)
    tensors = _read_weights(path, names)
    config = _read_config(path)
    for relative in names:
        if relative.endswith("config.json"):
            document = json_document(path / relative)
            _refuse_remote_code(relative, document if isinstance(document, dict) else {})
    _check_tokenizer(path, config)
    return _info(path, config, tensors)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a model's file; raises ``InvalidInput`` with code ``invalid_json``."""
    document = json_document(path)
    if not isinstance(document, dict):
        raise InvalidInput("invalid_json", f"{path.name} is not a JSON object.", "Fetch the file again.")
    return document


def read_chat_template(folder: Path) -> str | None:
    """The text of a folder's chat template, or ``None``; of several, the default one."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text("utf-8")
    config = folder / "tokenizer_config.json"
    template = read_json(config).get("chat_template") if config.is_file() else None
    if isinstance(template, list):  # named templates
        template = next((entry["template"] for entry in template if entry.get("name") == "default"), None)
    return template if isinstance(template, str) else None


def _read_weights(folder: Path, names: dict[str, Path]) -> list[StoredTensor]:
    files = {name: path for name, path in names.items() if "/" not in name and path.suffix == ".safetensors"}
    if not files:
        raise InvalidInput(
            "missing_weights",
            f"{folder.name} holds no safetensors weights.",
            "Save the model with model.save_pretrained(folder), or add a .gguf file.",
        )
    shards = {name: read_header(path) for name, path in files.items()}
    if _INDEX in names:
        _check_shards(read_json(names[_INDEX]), shards)
    return [tensor for shard in shards.values() for tensor in shard]


def _check_shards(index: dict[str, Any], shards: dict[str, list[StoredTensor]]) -> None:
    present = {(name, tensor.name) for name, tensors in shards.items() for tensor in tensors}
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict):
        raise InvalidInput("invalid_json", f"{_INDEX} has no weight map.", "Fetch the file again.")
    for tensor, file in weight_map.items():
        if (file, tensor) not in present:
            raise InvalidInput(
                "missing_shard",
                f"The tensor {str(tensor)[:100]} is not in {str(file)[:100]}, where the index says it is.",
                "Fetch the missing safetensors file into the same folder.",
                file=str(file)[:100],
            )


def _read_config(folder: Path) -> dict[str, Any]:
    if not (folder / "config.json").is_file():
        raise InvalidInput(
            "missing_config", f"{folder.name} has no config.json.", "Add the file the model was saved with."
        )
    return read_json(folder / "config.json")


def _refuse_remote_code(relative: str, config: dict[str, Any]) -> None:
    if config.get("auto_map"):
        raise InvalidInput(
            "remote_code",
            f"{relative} asks for Python code from the model's author to be run (auto_map).",
            "Use a model that transformers supports by itself, or remove auto_map where it does.",
            file=relative,
        )


def _check_tokenizer(folder: Path, config: dict[str, Any]) -> None:
    if not any((folder / name).is_file() for name in TOKENIZER_FILES):
        raise InvalidInput(
            "missing_tokenizer",
            f"{folder.name} has no tokenizer.",
            "Save it beside the weights with tokenizer.save_pretrained(folder).",
        )
    rows = text_config(config).get("vocab_size")
    if not (folder / "tokenizer.json").is_file() or not isinstance(rows, int):
        return
    document = read_json(folder / "tokenizer.json")
    vocabulary = document.get("model", {}).get("vocab", ())
    ids = [*vocabulary.values()] if isinstance(vocabulary, dict) else [len(vocabulary) - 1]
    ids += [token["id"] for token in document.get("added_tokens", ())]
    if max(ids, default=-1) >= rows:
        raise InvalidInput(
            "tokenizer_mismatch",
            f"The tokenizer counts {max(ids) + 1} tokens; the model knows {rows}.",
            "Use the tokenizer that was saved with these weights.",
        )


def _info(folder: Path, config: dict[str, Any], tensors: list[StoredTensor]) -> ModelInfo:
    parameters: Counter[str] = Counter()
    for tensor in tensors:
        parameters[tensor.dtype] += tensor.elements
    dtype = parameters.most_common(1)[0][0] if parameters else "F32"
    text = text_config(config)
    template = read_chat_template(folder)
    architectures = config.get("architectures")
    return ModelInfo(
        format="safetensors",
        architecture=str(architectures[0] if architectures else config.get("model_type", "unknown")),
        parameter_count=parameters.total(),
        dtype=_DTYPES.get(dtype, dtype.lower()),
        context_length=next((text[key] for key in _CONTEXT_KEYS if isinstance(text.get(key), int)), None),
        vocabulary_size=text["vocab_size"] if isinstance(text.get("vocab_size"), int) else None,
        chat_template=hashlib.sha256(template.encode()).hexdigest() if template else None,
        quantization=(config.get("quantization_config") or {}).get("quant_method"),
        embedding=inspect_embedder(folder) if is_embedder(folder) else None,
    )


def text_config(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a model's ``config.json`` that describes its language model."""
    # Models that also see or hear keep it one level down.
    nested = config.get("text_config")
    return nested if isinstance(nested, dict) else config


def _inspect_gguf(path: Path) -> ModelInfo:
    header = read_gguf_header(path)
    template = header.fields.get("tokenizer.chat_template")
    context = header.fields.get(f"{header.architecture}.context_length")
    tokens = header.fields.get("tokenizer.ggml.tokens", ())
    return ModelInfo(
        format="gguf",
        architecture=header.architecture,
        parameter_count=header.parameter_count,
        dtype=header.main_type.lower(),
        context_length=context if isinstance(context, int) else None,
        vocabulary_size=len(tokens) or None,
        chat_template=hashlib.sha256(template.encode()).hexdigest() if template else None,
        quantization=header.main_type.lower() if header.is_quantized else None,
    )
