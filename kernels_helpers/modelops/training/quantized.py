"""Keeps the gradients of 4-bit models right."""

from __future__ import annotations

from torch import nn


def keep_differentiable(model: nn.Module) -> None:
    """Keep bitsandbytes from repacking the 4-bit weights of ``model`` for inference on a CPU.

    On a CPU with AVX-512 BF16, the first forward pass in evaluation mode moves them into a layout whose product has no
    derivative. Training after an evaluation then goes on without an error, with gradients that bypass every layer.
    """
    from bitsandbytes.nn.modules import Linear4bit

    for module in model.modules():
        if isinstance(module, Linear4bit):
            module.support_avx512bf16_for_cpu = False
