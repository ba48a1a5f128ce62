"""Tries out, before anything is served, what a model can do: a wrong answer is worse than a slow one."""

from __future__ import annotations

import logging
from itertools import pairwise

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from modelops_server.endpoints.engines.transformers.batches import padded
from modelops_server.endpoints.engines.transformers.served import Served

_log = logging.getLogger("modelops.engine")

_NOISE = 0.1
"""How far logits may be from those computed alone, as a share of their spread: less than bfloat16's rounding is not
asked for, and a mask or a position that is ignored makes them differ by about as much as they spread."""


def can_batch(served: Served) -> bool:
    """Whether answers can be computed side by side: every layer caches one key and value for each token.

    Layers with a sliding window can keep all of their tokens; states of another kind cannot be padded.
    """
    config = served.base.config.get_text_config(decoder=True)
    kinds = {type(layer) for layer in DynamicCache(config=config).layers}
    stateful = getattr(served.base, "_is_stateful", False) or "chunked_attention" in (
        getattr(config, "layer_types", None) or ()
    )
    return not stateful and kinds <= {DynamicLayer, DynamicSlidingWindowLayer} and _agrees(served, [None, None])


def can_mix(served: Served) -> bool:
    """Whether one batch can hold answers of different adapters, as PEFT does it for some kinds of them."""
    adapters: list[str | None] = [None, *served.adapters]
    return all(_agrees(served, [one, other]) for one, other in pairwise(adapters))


def _agrees(served: Served, adapters: list[str | None]) -> bool:
    """Whether two prompts of different lengths, one with each adapter, get the same logits together as alone."""
    try:
        prompts = [torch.arange(length, device=served.device) % served.vocabulary for length in (3, 5)]
        caches = [DynamicCache(), DynamicCache()]
        rows = list(zip(prompts, caches, adapters, strict=True))
        for prompt, cache, adapter in rows:
            served.logits(prompt[None, :-1], [adapter], cache)
        together = DynamicCache()
        for place, (one, other) in enumerate(zip(caches[0].layers, caches[1].layers, strict=True)):
            keys, values = (
                torch.cat([padded(getattr(one, states), 4), getattr(other, states)]) for states in ("keys", "values")
            )
            together.update(keys, values, place)
        last = torch.stack([prompt[-1:] for prompt in prompts])
        found = served.logits(last, adapters, together, torch.tensor([2, 0], device=served.device))
        alone = [served.logits(prompt[None, -1:], [adapter], cache) for prompt, cache, adapter in rows]
    except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError, KeyError, IndexError) as error:
        _log.info("not together: %s: %s", type(error).__name__, " ".join(str(error).split())[:200])
        return False
    wanted = torch.cat(alone)
    return bool((found - wanted).std() <= _NOISE * wanted.std())
