"""Reviews a quantized checkpoint, in safetensors files, against the model it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.errors import NonFinite
from modelops.models import check_finite, load_tokenizer
from modelops.models.inspection import read_json
from modelops.models.safetensors_files import DTYPE_BITS, StoredTensor, read_header
from modelops.quantization.layers import Layer
from modelops.quantization.reviews import Problem, Review, Weight, lost_text, not_applied, texts_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_TABLES = ("quant_map", "nested_quant_map", "weight_shape", "bias")
"""What is stored beside a weight and does not grow with it; ``quant_state…`` of bitsandbytes comes on top."""


def review_checkpoint(
    folder: Path,
    source: Path,
    tokenizer: PreTrainedTokenizerBase,
    layers: Sequence[Layer],
    scheme: str,
    expected_bits: float,
) -> Review:
    """What the checkpoint in ``folder`` holds, and what got lost of the model in ``source``.

    ``layers`` are those that should have been quantized, to ``expected_bits`` bits a weight on average; ``tokenizer``
    is the model's. Raises ``InvalidInput`` where a file is not a whole safetensors file.
    """
    stored = _tensors(folder)
    parts: defaultdict[str, list[StoredTensor]] = defaultdict(list)
    names = {layer.name for layer in layers}
    for tensor in stored:
        parts[_owner(tensor.name, names)].append(tensor)
    left = {layer.name: _kind(parts[layer.name]) for layer in layers if not _is_quantized(layer, parts[layer.name])}

    weights = [
        Weight(f"{layer.name}.weight", left.get(layer.name, scheme), layer.rows * layer.columns) for layer in layers
    ]
    weights += [Weight(tensor.name, tensor.dtype, tensor.elements) for tensor in parts[""]]
    weights += [
        Weight(tensor.name, tensor.dtype, tensor.elements)
        for name in names
        for tensor in parts[name]
        if tensor.name == f"{name}.bias"
    ]
    problems = _left_out(left, len(layers))
    problems += not_applied(_bits(layers, parts), expected_bits)
    if not read_json(folder / "config.json").get("quantization_config"):
        problems.append(Problem("quantization_not_applied", "config.json does not say how the weights are quantized."))
    written = load_tokenizer(folder)
    problems += lost_text(_texts(tokenizer, source), _texts(written, folder))
    try:
        check_finite(folder)
    except NonFinite as found:
        problems.append(Problem("non_finite_weights", str(found)))
    size = sum(tensor.end - tensor.start for tensor in stored)
    fallbacks = tuple(weight for weight in weights if weight.name.removesuffix(".weight") in left)
    return Review(size, tuple(weights), fallbacks, tuple(problems))


def _tensors(folder: Path) -> list[StoredTensor]:
    return [tensor for file in sorted(folder.glob("*.safetensors")) for tensor in read_header(file)]


def _owner(tensor: str, names: set[str]) -> str:
    """The layer that a tensor belongs to, such as ``a.b`` for ``a.b.weight.nested_absmax``; empty for none."""
    name = tensor
    while name:
        if name in names:
            return name
        name = name.rpartition(".")[0]
    return ""


def _is_quantized(layer: Layer, tensors: Sequence[StoredTensor]) -> bool:
    """Whether the weight of a layer is stored as integers."""
    weights = [one for one in tensors if one.name in (f"{layer.name}.weight", f"{layer.name}.weight_packed")]
    return any(one.dtype in ("I8", "U8", "I32") for one in weights)


def _kind(tensors: Sequence[StoredTensor]) -> str:
    return max(tensors, key=lambda one: one.elements).dtype if tensors else "missing"


def _bits(layers: Sequence[Layer], parts: dict[str, list[StoredTensor]]) -> float:
    """Bits that a weight of the layers takes on average, with its scales."""
    total = sum(
        one.elements * DTYPE_BITS[one.dtype]
        for layer in layers
        for one in parts[layer.name]
        if one.name.rpartition(".")[2] not in _TABLES and ".quant_state." not in one.name
    )
    return total / sum(layer.rows * layer.columns for layer in layers)


def _left_out(left: dict[str, str], count: int) -> list[Problem]:
    if not left:
        return []
    first, kind = next(iter(left.items()))
    return [
        Problem(
            "quantization_not_applied",
            f"{len(left)} of {count} layers are not quantized, such as {first}, which is stored in {kind}.",
        )
    ]


def _texts(tokenizer: PreTrainedTokenizerBase, folder: Path) -> dict[str, Any]:
    return {**texts_of(tokenizer), "eos_token_id": _ends(folder, tokenizer.eos_token_id)}


def _ends(folder: Path, token: int | None) -> Any:
    """Where answers end: the tokenizer's token, and what generation stops at where a file says so."""
    for name in ("generation_config.json", "config.json"):
        if (folder / name).is_file() and (end := read_json(folder / name).get("eos_token_id")) is not None:
            return sorted({*(end if isinstance(end, list) else [end]), *([token] if token is not None else [])})
    return [token]
