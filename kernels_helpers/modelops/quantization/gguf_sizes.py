"""How llama.cpp will store each tensor in a file of a type, and so how large the file becomes, by its own rule.

Types with ``_m`` or ``_s``, and ``q2_k``, give more bits to what is sensitive: the output head, the values of the
attention, and what leads out of a block's feed-forward part, in some of the layers. The rule is that of
``llama_tensor_get_type`` in https://github.com/ggml-org/llama.cpp/blob/master/src/llama-quant.cpp, but for Falcon,
which has its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelops.models import text_config
from modelops.models.gguf_files import GGUFHeader
from modelops.quantization.gguf_types import CONVERTED, StorageType, fallback, storage

_FLOAT32 = storage("f32")

_LENGTH, _KIND = 8, 4
"""Bytes beside each text of a GGUF file, and of what says whether a token is an ordinary one."""


class Matrix(NamedTuple):
    """A tensor of more than one dimension, by its ``name`` in transformers or in a GGUF file."""

    name: str
    columns: int
    rows: int


@dataclass(frozen=True)
class Layout:
    """What the rule looks at beside names and shapes."""

    layers: int
    sharing: int = 1
    """Heads of the attention that share one key and value."""
    experts: int = 0

    @classmethod
    def of_config(cls, config: Mapping[str, Any]) -> Layout:
        """As a model's ``config.json`` says."""
        text = text_config(config)
        heads = _first(text, "num_attention_heads", "n_head") or 1
        return cls(
            layers=_first(text, "num_hidden_layers", "n_layer") or 0,
            sharing=heads // (_first(text, "num_key_value_heads") or heads),
            experts=_first(text, "num_local_experts", "num_experts", "n_routed_experts") or 0,
        )

    @classmethod
    def of_gguf(cls, header: GGUFHeader) -> Layout:
        """As a GGUF file says."""
        fields = {name.removeprefix(f"{header.architecture}."): value for name, value in header.fields.items()}
        heads = _first(fields, "attention.head_count") or 1
        return cls(
            layers=_first(fields, "block_count") or 0,
            sharing=heads // (_first(fields, "attention.head_count_kv") or heads),
            experts=_first(fields, "expert_count") or 0,
        )


def _first(values: Mapping[str, Any], *names: str) -> int | None:
    return next((found for name in names if type(found := values.get(name)) is int and found > 0), None)


def expected_types(
    matrices: Sequence[Matrix], type: str, layout: Layout, *, importance: bool = False
) -> list[StorageType]:
    """How each matrix will be stored in a file of a type; ``importance``: with an importance matrix."""
    roles = [_role(matrix.name) for matrix in matrices]
    if "output" not in roles:  # the embeddings score the vocabulary, too
        roles = ["output" if role == "embeddings" else role for role in roles]
    in_layers = [_layer(matrix.name) for matrix in matrices]
    with_values = sorted({layer for layer, role in zip(in_layers, roles, strict=True) if role == "values"})
    found = []
    for matrix, role, layer in zip(matrices, roles, in_layers, strict=True):
        if role == "kept":
            found.append(_FLOAT32)
            continue
        place = with_values.index(layer) if role == "values" else layer
        count = len(with_values) if role == "values" else layout.layers
        kind = type if type in CONVERTED else _mixed(type, role, place, count, layout, importance)
        if role == "output" and type not in CONVERTED:
            kind = "q8_0" if matrix.columns % storage(type).block else "q6_k"
        found.append(fallback(kind, matrix.columns) if matrix.columns % storage(kind).block else storage(kind))
    return found


def expected_bits(matrices: Sequence[Matrix], type: str, layout: Layout, *, importance: bool = False) -> float:
    """Bits that a weight of these matrices will take on average in a file of a type."""
    types = expected_types(matrices, type, layout, importance=importance)
    weights = [matrix.columns * matrix.rows for matrix in matrices]
    total = sum(weights)
    return sum(kind.bits * count for kind, count in zip(types, weights, strict=True)) / total if total else 0.0


def expected_bytes(
    matrices: Sequence[Matrix], vectors: int, vocabulary: int, type: str, layout: Layout, *, importance: bool = False
) -> int:
    """Bytes of a file of a type; ``vectors`` are the weights in no matrix, ``vocabulary`` the bytes of the tokens."""
    weights = sum(matrix.columns * matrix.rows for matrix in matrices)
    bits = expected_bits(matrices, type, layout, importance=importance)
    return round((bits * weights + _FLOAT32.bits * vectors) / 8) + vocabulary


def vocabulary_bytes(tokenizer: Mapping[str, Any]) -> int:
    """Bytes that the vocabulary of a ``tokenizer.json`` takes in a GGUF file: its texts, their lengths and kinds."""
    model = tokenizer.get("model") or {}
    known = model.get("vocab") or {}
    tokens = [*known] if isinstance(known, dict) else [str(entry[0]) for entry in known]
    tokens += [str(added.get("content", "")) for added in tokenizer.get("added_tokens") or ()]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model.get("merges") or ()]
    return sum(_LENGTH + len(text.encode()) for text in (*tokens, *merges)) + _KIND * len(tokens)


_ROLES = {
    "output": r"^output\.weight$|(^|\.)(lm_head|embed_out)\.weight$",
    "embeddings": r"(^|\.)(token_embd|embed_tokens|wte|word_embeddings|embed_in|tok_embeddings)\.weight$",
    "values": r"\.(attn_(v|qkv|kv_b)|v_proj|qkv_proj|kv_b_proj|query_key_value|c_attn|Wqkv|wv)\.weight$",
    "keys": r"\.(attn_k|k_proj|wk)\.weight$",
    "attention_output": (
        r"\.attn_output\.weight$|attn\.(o_proj|out_proj|c_proj)\.weight$|attention\.(dense|wo)\.weight$"
    ),
    "down": r"\.ffn_down|\.(down_proj|fc2|dense_4h_to_h|w2)(\.weight)?$|mlp\.c_proj\.weight$",
    # Small and sensitive: norms, what chooses an expert, positions, convolutions.
    "kept": r"norm|ffn_gate_inp|\.(gate|router)\.weight$|conv1d|position_emb|pos_emb|wpe|bias$|altup|laurel",
}


def _role(name: str) -> str:
    return next((role for role, pattern in _ROLES.items() if re.search(pattern, name)), "other")


def _layer(name: str) -> int:
    found = re.search(r"\.(\d+)\.", name)
    return int(found[1]) if found else 0


def _mixed(type: str, role: str, place: int, count: int, layout: Layout, importance: bool) -> str:
    """The type in which llama.cpp stores a matrix of this role, the ``place``-th of ``count``, if its blocks fit."""
    usual = storage(type).name.lower()
    first, sensitive = place < count // 8, _takes_more_bits(place, count)
    match role:
        case "values" | "keys" if layout.experts == 8:
            return "q8_0"
        case "values":
            kind = {
                "q2_k": "q4_k" if layout.sharing >= 4 else "q3_k",
                "q3_k_m": "q5_k" if place < 2 else "q4_k",
                "q4_k_s": "q5_k" if place < 4 else usual,
                "q4_k_m": "q6_k" if sensitive else usual,
                "q5_k_m": "q6_k" if sensitive else usual,
            }.get(type, usual)
            # The shared values of Llama's 70B take so little that more bits cost nothing.
            shared_by_many = layout.layers == 80 and layout.sharing > 1
            return "q5_k" if shared_by_many and kind in ("q3_k", "q4_k") else kind
        case "down":
            return {
                "q2_k": "q3_k",
                "q3_k_m": "q5_k" if place < count // 16 else "q4_k",
                "q4_k_s": "q5_k" if first else usual,
                "q4_k_m": "q6_k" if sensitive else usual,
                "q5_k_m": "q6_k" if sensitive else usual,
                "q4_0": "q4_1" if first and importance else usual,
                "q5_0": "q5_1" if first and importance else usual,
            }.get(type, usual)
        case "attention_output" if layout.experts == 8:
            return "q5_k" if type in ("q2_k", "q3_k_m", "q4_k_s", "q4_k_m") else usual
        case "attention_output":
            return {"q2_k": "q3_k", "q3_k_m": "q4_k"}.get(type, usual)
        case _:
            return usual


def _takes_more_bits(place: int, count: int) -> bool:
    """The first and the last eighth of the layers, and every third one between them."""
    return place < count // 8 or place >= 7 * count // 8 or (place - count // 8) % 3 == 2
