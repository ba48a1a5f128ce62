"""llm-compressor in a notebook: what it warns of is passed on, the rest it keeps to itself, and it runs without a GPU.

Its packages are in the environment ``llm-compressor`` and are imported on first use.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partialmethod
from pathlib import Path
from typing import Any

from modelops.quantization.layers import skeleton, unsupported


def prepare_llm_compressor(on_warning: Callable[[str], None]) -> None:
    """Silence llm-compressor in this process but for its warnings, which go to ``on_warning``.

    Where there is no accelerator, AWQ's pinning of memory for faster ways to one is switched off: it would fail.
    """
    import torch
    from llmcompressor.pipelines.cache import IntermediatesCache
    from loguru import logger
    from tqdm import tqdm

    # It draws several bars for each layer, and prints a line for each matrix.
    tqdm.__init__ = partialmethod(tqdm.__init__, disable=True)
    logger.remove()
    logger.add(
        lambda message: on_warning(message.record["message"]),
        level="WARNING",
        filter=lambda record: record["level"].name != "METRIC",
    )
    if not torch.accelerator.is_available():
        IntermediatesCache.pin_memory = _pin_nothing


def _pin_nothing(*_: Any) -> None:
    pass


def check_awq(folder: Path) -> None:
    """Raise ``InvalidInput`` (``unsupported_architecture``) where AWQ finds no layers to balance in a model.

    AWQ multiplies columns and divides what feeds them, so it must know which layer feeds which. llm-compressor knows
    it by the architecture; of one that it does not list it takes the layout of Llama.
    """
    from compressed_tensors.utils import match_modules_set
    from llmcompressor.modifiers.transform.awq.dynamic_mappings import (
        AWQ_DYNAMIC_MAPPING_REGISTRY,
        get_layer_mappings_from_model,
    )
    from llmcompressor.modifiers.transform.awq.mappings import AWQ_MAPPING_REGISTRY

    model = skeleton(folder)
    for mapping in get_layer_mappings_from_model(model):
        try:
            if next(iter(match_modules_set(model, (mapping.smooth_layer, *mapping.balance_layers))), None):
                return
        except ValueError:  # some of its layers are there, and others are not
            continue
    known = sorted({*AWQ_MAPPING_REGISTRY, *AWQ_DYNAMIC_MAPPING_REGISTRY})
    raise unsupported(f"llm-compressor does not know which layers of {type(model).__name__} AWQ balances.", known)
