"""How vLLM's server is asked for what an assignment says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from modelops.machine.gpus import gpus
from modelops.machine.hardware import processor
from modelops_server.endpoints.engines.assignment import Assignment
from modelops_server.endpoints.memory import LONGEST, cache_width, config_facts

BLOCK = 128
"""Tokens of a block of the cache: what a sequence takes is rounded up to whole blocks."""

_RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks for which vLLM makes room."""


def number_format() -> str:
    """The number format that is computed in, as vLLM calls it: bfloat16 where that is fast."""
    return "bfloat16" if gpus() or processor().bf16 else "float32"


def number_bytes() -> int:
    """Bytes of a number in that format."""
    return 2 if number_format() == "bfloat16" else 4


def cached_tokens(context: int, parallel: int) -> int:
    """Tokens for which a cache is made: those of ``parallel`` requests, and a block that vLLM keeps for itself."""
    return BLOCK * (-(-context // BLOCK) * parallel + 1)


def arguments(assignment: Assignment) -> list[str]:
    """The arguments of vLLM's server; raises ``OSError`` where a configuration cannot be read."""
    facts = config_facts(_document(Path(assignment.model) / "config.json"))
    context = assignment.context or min(facts.get("context") or LONGEST, LONGEST)
    cache = number_bytes() * cache_width(facts) * cached_tokens(context, assignment.parallel)
    asked = {
        "model": assignment.model,
        "served-model-name": _base_name(assignment),
        "uds": assignment.socket,
        "dtype": number_format(),
        "max-model-len": context,
        "max-num-seqs": assignment.parallel,
        "block-size": BLOCK,
        "kv-cache-memory-bytes": cache,
    }
    written = [f"--{name}={value}" for name, value in asked.items()]
    # Compiling takes a C++ compiler and half a minute at each start.
    return [*written, "--enforce-eager", "--disable-uvicorn-access-log", *_adapter_arguments(assignment)]


def _base_name(assignment: Assignment) -> str:
    """The endpoint's name; where an adapter answers to that, one that nobody can ask for."""
    return f"{assignment.name}/" if assignment.default_adapter else assignment.name


def _adapter_arguments(assignment: Assignment) -> list[str]:
    if not assignment.adapters:
        return []
    modules, ranks = [], []
    for adapter in assignment.adapters:
        default = adapter.name == assignment.default_adapter
        name = assignment.name if default else f"{assignment.name}/{adapter.name}"
        modules.append(json.dumps({"name": name, "path": adapter.folder, "base_model_name": assignment.name}))
        ranks.append(_rank(Path(adapter.folder)))
    most = next((rank for rank in _RANKS if rank >= max(ranks)), _RANKS[-1])
    room = ["--enable-lora", f"--max-loras={len(modules)}", f"--max-lora-rank={most}"]
    return [*room, "--lora-modules", *modules]


def _rank(folder: Path) -> int:
    document = _document(folder / "adapter_config.json")
    ranks: dict[str, int] = document.get("rank_pattern") or {}
    return max([int(document["r"]), *ranks.values()])


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
