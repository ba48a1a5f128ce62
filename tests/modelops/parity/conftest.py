"""A tiny model that is sure of itself, its golden prompts, and an endpoint that computes with transformers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch
from tiny_chats import chats, model, tokenizer
from tiny_gguf import tiny_gguf
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from modelops.models import chat_prompt
from modelops.models.token_bytes import TokenBytes
from modelops.parity import Golden, Reply, Served, ServedStep, record_golden

__all__ = ["chats", "golden", "model", "sure", "tiny_gguf", "tokenizer"]


@dataclass
class LocalEndpoint:
    """Serves a model the plain way, without a cache; with faults to plant."""

    model: Any
    tokenizer: PreTrainedTokenizerBase
    ends: Sequence[int] = (2,)
    bias: Mapping[int, float] = field(default_factory=dict)
    """Added to the logits of some tokens."""
    only_chats: bool = False
    """Whether that is so in chats alone, as if the prompt said a little else."""
    scale: float = 1.0
    """Of all logits."""
    lists_end: bool = True
    tells_ids: bool = True
    asked: list[Any] = field(default_factory=list)
    """The requests that were made."""

    def chat(self, messages: Any, max_tokens: int) -> Reply:
        self.asked.append(("chat", messages, max_tokens))
        return self._write(chat_prompt(self.tokenizer, messages), max_tokens, self.bias)

    def complete(self, prompt: str | Sequence[int], max_tokens: int) -> Reply:
        self.asked.append(("complete", prompt, max_tokens))
        ids = self.tokenizer(prompt)["input_ids"] if isinstance(prompt, str) else prompt
        return self._write(ids, max_tokens, {} if self.only_chats else self.bias)

    def _write(self, prompt: Sequence[int], most: int, bias: Mapping[int, float]) -> Reply:
        ids, steps, stopped = list(prompt), [], False
        while len(ids) < len(prompt) + most and not stopped:
            with torch.inference_mode():
                logits = self.model(input_ids=torch.tensor([ids])).logits[0, -1].float() * self.scale
                for token, more in bias.items():
                    logits[token] += more
                best = logits.log_softmax(-1).topk(5)
            likeliest = tuple(map(self._served, best.indices.tolist(), best.values.tolist()))
            ids.append(int(best.indices[0]))
            stopped = ids[-1] in self.ends
            if self.lists_end or not stopped:
                steps.append(ServedStep(likeliest[0], likeliest))
        return Reply(tuple(steps), len(prompt), stopped)

    def _served(self, token: int, logprob: float) -> Served:
        return Served(token if self.tells_ids else None, TokenBytes(self.tokenizer)(token), logprob)


def sharpen(model: Any) -> Any:
    """Make a model of random weights sure of what it writes, as trained ones are: an output head of its own."""
    torch.manual_seed(7)
    model.config.tie_word_embeddings = False
    head = torch.randn_like(model.lm_head.weight) * 1.2
    head[259:] = 0  # tokens that its tokenizer does not know
    model.lm_head.weight = torch.nn.Parameter(head)
    return model


@pytest.fixture
def sure(model: PreTrainedModel) -> Any:
    return sharpen(model)


@pytest.fixture
def golden(sure: Any, tokenizer: PreTrainedTokenizerBase, chats: list[dict[str, Any]]) -> Golden:
    return record_golden(sure, tokenizer, chats)


Serve = Callable[..., LocalEndpoint]


@pytest.fixture
def serve(sure: Any, tokenizer: PreTrainedTokenizerBase) -> Serve:
    """Serves the model with its tokenizer, but for what is given."""

    def run(model: Any = None, *, spelling: Any = None, **faults: Any) -> LocalEndpoint:
        return LocalEndpoint(model or sure, spelling or tokenizer, **faults)

    return run
