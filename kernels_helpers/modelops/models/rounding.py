"""How a stored model's weights are rounded, as its files say without a weight being read, and what reads them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.models.gguf_files import GGUFHeader, read_gguf_header
from modelops.models.inspection import read_json

_COMPRESSED = frozenset({"pack-quantized", "int-quantized"})
"""Formats of compressed-tensors that are read back: integers with scales, and zero points, as W4A16 and W8A8 have."""


@dataclass(frozen=True)
class Rounding:
    """Weights that are stored in fewer bits than they were trained in."""

    method: str
    """Such as ``q4_k``, ``bitsandbytes nf4`` or ``compressed-tensors pack-quantized``."""
    bits: int | None
    """Of most weights, without their scales; ``None`` where the files do not tell."""
    package: str | None
    """Import name of the package that reads them back beside torch and transformers; ``None`` where nothing does."""


def find_rounding(folder: Path) -> Rounding | None:
    """How the weights of the model in a folder are rounded; ``None`` where they are not."""
    if (gguf := only_gguf(folder)) is not None:
        return rounding_of_gguf(read_gguf_header(gguf))
    return rounding_of_checkpoint(read_json(folder / "config.json"))


def only_gguf(folder: Path) -> Path | None:
    """The GGUF file that a folder holds instead of safetensors, if it does."""
    found = sorted(folder.glob("*.gguf"))
    return found[0] if found and not any(folder.glob("*.safetensors")) else None


def rounding_of_gguf(header: GGUFHeader) -> Rounding | None:
    """How most weights of a GGUF file are rounded; ``None`` where they are not: those of 16 bits and more."""
    if not header.is_quantized:
        return None
    bits = re.search(r"\d+", header.main_type)
    return Rounding(_file_type(header) or header.main_type.lower(), int(bits[0]) if bits else None, "gguf")


def _file_type(header: GGUFHeader) -> str | None:
    """What the file was written as, such as ``q4_k_m``, which stores its weights in several types."""
    from gguf import LlamaFileType

    try:
        return LlamaFileType(int(header.fields.get("general.file_type", -1))).name.removeprefix("MOSTLY_").lower()
    except ValueError:
        return None


def rounding_of_checkpoint(config: Mapping[str, Any]) -> Rounding | None:
    """How the weights of a checkpoint with this ``config.json`` are rounded; ``None`` where they are not."""
    found = config.get("quantization_config")
    if not isinstance(found, dict) or not found:
        return None
    method = str(found.get("quant_method", "unknown"))
    match method:
        case "bitsandbytes" if found.get("load_in_4bit"):
            return Rounding(f"bitsandbytes {found.get('bnb_4bit_quant_type', 'fp4')}", 4, "bitsandbytes")
        case "bitsandbytes" if found.get("load_in_8bit"):
            return Rounding("bitsandbytes int8", 8, "bitsandbytes")
        case "compressed-tensors":
            form = str(found.get("format"))
            package = "compressed_tensors" if form in _COMPRESSED else None
            return Rounding(f"compressed-tensors {form}", _bits(found), package)
        case _:
            bits = found.get("bits")
            return Rounding(method, bits if isinstance(bits, int) else None, None)


def _bits(config: Mapping[str, Any]) -> int | None:
    """The fewest bits of a weight in any group of layers of compressed-tensors."""
    groups = config.get("config_groups")
    weights = [group.get("weights") or {} for group in groups.values()] if isinstance(groups, dict) else []
    return min((bits for one in weights if isinstance(bits := one.get("num_bits"), int)), default=None)
