"""What serving a model takes in memory, known from its files before anything is loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from modelops.errors import InvalidInput, Unavailable
from modelops.machine import memory_bytes
from modelops.models.gguf_files import read_gguf_header
from modelops.registry import Artifact, Registry
from modelops.units import human_bytes
from modelops_server.endpoints.servable import Servable
from modelops_server.endpoints.served_index import index_memory

LONGEST = 4096
"""Tokens of prompt and answer that a request may have where nobody asked for more: each takes memory."""


@dataclass(frozen=True)
class Shape:
    """What of a model's shape decides how much memory it takes, and which engines can compute it."""

    weights: int
    """Bytes of its weights' files."""
    adapters: int
    """Bytes of the adapters' files."""
    parameters: int
    quantized: bool
    layers: int
    key_value_width: int
    """Numbers that a token leaves in a layer's cache, keys and values together."""
    context_length: int | None
    """Tokens that it was made for."""
    head_width: int | None = None
    """Numbers of an attention head; ``None`` where that is not known, or heads share one compressed cache (MLA)."""
    index: Mapping[str, int] | None = None
    """Bytes of an index in memory, and of its reranker, by part; ``weights`` are its embedding model's then."""

    def cache_values(self, context: int, parallel: int) -> int:
        """Numbers in the caches of ``parallel`` sequences of ``context`` tokens."""
        return self.layers * self.key_value_width * context * parallel


def shape_of(registry: Registry, servable: Servable) -> Shape:
    """The shape of a model, from its configuration or GGUF header; what they do not say counts as nothing.

    Of an index, that of the embedding model it is searched with, beside its own parts.
    """
    model = servable.embedder or servable.model
    adapters = sum(
        file.size for adapter in servable.adapters for file in adapter.files if file.path.endswith(".safetensors")
    )
    facts = _gguf_facts(registry, model) if servable.gguf else _config_facts(registry, model)
    return Shape(
        weights=_weights(model),
        adapters=adapters,
        parameters=_parameters(model),
        quantized=servable.gguf or "quantization" in facts,
        layers=facts.get("layers", 0),
        key_value_width=_key_value_width(facts),
        context_length=_most_embedded(model) or facts.get("context") or model.metadata.get("context_length"),
        head_width=None if "compressed" in facts else _head_width(facts) or None,
        index=_index_parts(registry, servable) if servable.embedder else None,
    )


def _index_parts(registry: Registry, servable: Servable) -> dict[str, int]:
    parts, reranker = index_memory(registry, servable.model), servable.reranker
    if reranker is None or reranker == servable.embedder:
        return parts
    return {**parts, "reranker": max(4 * _parameters(reranker), _weights(reranker))}


def _weights(model: Artifact) -> int:
    return sum(file.size for file in model.files if file.path.endswith((".safetensors", ".gguf")))


def _parameters(model: Artifact) -> int:
    return int(model.metadata.get("parameter_count") or 0)


def _most_embedded(model: Artifact) -> int | None:
    """The tokens that an embedding model reads of a text, which may be fewer than its positions."""
    vectors = model.metadata.get("embedding")
    most = vectors.get("max_tokens") if isinstance(vectors, dict) else None
    return most if isinstance(most, int) else None


def context_for(shape: Shape, asked: int | None) -> int:
    """Tokens of prompt and answer of one request; raises ``InvalidInput`` for more than the model was made for."""
    most = shape.context_length
    if asked is None:
        return min(most or LONGEST, LONGEST)
    if most is not None and asked > most:
        raise InvalidInput(
            "context_too_long",
            f"The model was made for {most:,} tokens, not for {asked:,}.",
            f"Ask for at most {most:,}: --context {most}",
            field="context",
            context_length=most,
        )
    return asked


def check_fits(parts: Mapping[str, int], limit: int | None) -> None:
    """Raise ``Unavailable`` (``out_of_memory``) where more is needed than there is, or than was allowed."""
    need, (total, free) = sum(parts.values()), memory_bytes()
    most = min(total, limit or total)
    if need <= most and need <= free:
        return
    said = ", ".join(f"{name} {human_bytes(size)}" for name, size in parts.items() if size)
    there = f"{human_bytes(most)} are allowed" if need > most and limit else f"{human_bytes(free)} are free"
    raise Unavailable(
        "out_of_memory",
        f"Serving it takes about {human_bytes(need)} ({said}); {there}.",
        "Choose a shorter --context, a smaller --parallel or a quantized model, or stop another endpoint or job.",
        need=need,
        free=free,
        parts=dict(parts),
    )


def cache_width(facts: Mapping[str, int]) -> int:
    """Numbers that a token leaves in the caches of all layers."""
    return facts.get("layers", 0) * _key_value_width(facts)


def _key_value_width(facts: Mapping[str, int]) -> int:
    return 2 * (facts.get("kv_heads") or facts.get("heads", 1)) * _head_width(facts)


def _head_width(facts: Mapping[str, int]) -> int:
    return facts.get("head_width") or facts.get("width", 0) // max(facts.get("heads", 1), 1)


def _config_facts(registry: Registry, model: Artifact) -> dict[str, int]:
    found = next((file for file in model.files if file.path == "config.json"), None)
    try:
        document = json.loads(registry.blobs.path(found.sha256).read_bytes()) if found else {}
    except (OSError, ValueError):
        return {}
    return config_facts(document)


def config_facts(document: Mapping[str, Any]) -> dict[str, int]:
    """What of a model's shape its ``config.json`` says."""
    text: Mapping[str, Any] = document.get("text_config") or document
    names = {
        "layers": ("num_hidden_layers", "n_layer"),
        "heads": ("num_attention_heads", "n_head"),
        "kv_heads": ("num_key_value_heads",),
        "head_width": ("head_dim",),
        "width": ("hidden_size", "n_embd"),
        "context": ("max_position_embeddings", "n_positions"),
        "compressed": ("kv_lora_rank",),
    }
    facts = {
        name: value
        for name, keys in names.items()
        if type(value := next((text[key] for key in keys if text.get(key)), None)) is int
    }
    return facts | ({"quantization": 1} if document.get("quantization_config") else {})


def _gguf_facts(registry: Registry, model: Artifact) -> dict[str, int]:
    file = next(file for file in model.files if file.path.endswith(".gguf"))
    try:
        header = read_gguf_header(registry.blobs.path(file.sha256))
    except (OSError, InvalidInput):
        return {}
    names = {
        "layers": "block_count",
        "heads": "attention.head_count",
        "kv_heads": "attention.head_count_kv",
        "head_width": "attention.key_length",
        "width": "embedding_length",
        "context": "context_length",
    }
    said = {name: header.fields.get(f"{header.architecture}.{key}") for name, key in names.items()}
    return {name: value for name, value in said.items() if type(value) is int}
