"""Answers one after the other, by transformers' own loop: for models whose caches cannot be put side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, LogitsProcessor, StoppingCriteria

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.replies import Reply
    from modelops_server.endpoints.engines.transformers.served import Served


def answer_alone(served: Served, reply: Reply, stopped: Callable[[], bool]) -> None:
    """Compute one answer from beginning to end, or until ``stopped()`` says so."""
    model = served.activate(reply.adapter)
    prompt = torch.tensor([reply.prompt], device=served.device)
    config: Any = GenerationConfig(  # type: ignore[no-untyped-call]
        max_new_tokens=reply.room, do_sample=False, use_cache=True, pad_token_id=0, disable_compile=True
    )
    reply.begin()
    with torch.inference_mode():
        model.generate(
            input_ids=prompt,
            attention_mask=torch.ones_like(prompt),
            generation_config=config,
            logits_processor=[_Ours(reply)],
            stopping_criteria=[_Ended(reply, stopped)],
        )


class _Ours(LogitsProcessor):
    """Leaves the token that we choose as the only one."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        highest, likeliest = scores[0].float().max(-1)
        token = self._reply.advance(scores[0].float(), int(likeliest), float(highest))
        return torch.full_like(scores, -torch.inf).index_fill_(1, input_ids.new_tensor([token]), 0.0)


class _Ended(StoppingCriteria):
    def __init__(self, reply: Reply, stopped: Callable[[], bool]) -> None:
        self._reply, self._stopped = reply, stopped

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        return torch.tensor([self._reply.ended or self._stopped()], device=input_ids.device)
