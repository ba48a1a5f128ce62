"""Cross-encoders: models that read a question and a passage together and say how well the one answers the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelops.errors import InvalidInput
from modelops.models.embedders import import_sentence_transformers, json_document

_ARCHITECTURE = "ForSequenceClassification"


def is_reranker(architecture: object) -> bool:
    """Whether a model of this architecture, such as ``BertForSequenceClassification``, scores what it reads."""
    return isinstance(architecture, str) and architecture.endswith(_ARCHITECTURE)


def load_cross_encoder(folder: Path, name: str) -> Any:
    """The ``CrossEncoder`` in a folder, computing in float32; nothing is fetched and no code in it is run.

    ``name`` is what errors call it. Raises ``InvalidInput`` (``not_a_reranker``) for what gives no score or several,
    and ``Unavailable`` (``rag_not_installed``).
    """
    config = json_document(folder / "config.json")
    found = config.get("architectures") if isinstance(config, dict) else None
    architecture = str(found[0]) if isinstance(found, list) and found else "a model without an architecture"
    if not is_reranker(architecture):
        raise not_a_reranker(name, architecture)
    model = import_sentence_transformers().CrossEncoder(
        str(folder),
        local_files_only=True,
        trust_remote_code=False,
        model_kwargs={"use_safetensors": True, "dtype": "float32"},
    )
    if model.num_labels != 1:
        raise not_a_reranker(name, f"a classifier of {model.num_labels} labels")
    return model.eval()


def not_a_reranker(name: str, what: str) -> InvalidInput:
    """The error that says that a model scores no pairs."""
    return InvalidInput(
        "not_a_reranker",
        f"{name} ({what}) does not score a question and a passage.",
        "Choose a cross-encoder: a model for sequence classification with one label.",
    )
