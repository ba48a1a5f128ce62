"""Chooses the next token from what the model finds likely, with what transformers' own ``generate`` uses for it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from modelops_server.endpoints.engines.transformers.problems import Problem

if TYPE_CHECKING:
    from modelops_server.endpoints.engines.transformers.bodies import Generation

_COLDEST = 1e-4
"""Temperatures below are 0: dividing by them overflows."""


class Sampler:
    """How one answer is chosen.

    What a request leaves open is what the model's author wrote into ``generation_config.json``. ``likeliest`` says that
    it is always the token that the model finds the likeliest.
    """

    def __init__(self, model: Any, defaults: GenerationConfig, wanted: Generation, prompt: Sequence[int]) -> None:
        config = copy.deepcopy(defaults)
        for field in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty"):
            if (value := getattr(wanted, field)) is not None:
                setattr(config, field, value)
        config.do_sample = (1.0 if config.temperature is None else config.temperature) >= _COLDEST
        config._eos_token_tensor = None  # `generate` sets it; the end of an answer is not its business here
        config.top_k = max(config.top_k or 0, 0)
        config.sequence_bias = _biases(wanted, model.config.get_text_config().vocab_size) or config.sequence_bias
        processors = LogitsProcessorList()
        if wanted.frequency_penalty or wanted.presence_penalty:
            processors.append(Penalties(len(prompt), wanted.frequency_penalty or 0.0, wanted.presence_penalty or 0.0))
        self._processors = model._get_logits_processor(
            config, input_ids_seq_length=len(prompt), logits_processor=processors, device=str(model.device)
        )
        self._sampled = config.do_sample
        self._history = torch.tensor([list(prompt)], device=model.device)
        self._generator: torch.Generator | None = None
        if wanted.seed is not None:
            self._generator = torch.Generator(device=model.device).manual_seed(wanted.seed)
        self.likeliest = not self._sampled and not self._processors

    def choose(self, logits: torch.Tensor, answer: Sequence[int]) -> int:
        """The next token behind ``answer``, by its logits (float32, one for each token of the vocabulary)."""
        history = torch.cat([self._history, self._history.new_tensor([answer])], dim=1) if answer else self._history
        scores = self._processors(history, logits[None])[0]
        if not self._sampled:
            return int(scores.argmax())
        return int(torch.multinomial(torch.softmax(scores, -1), 1, generator=self._generator))


class Penalties(LogitsProcessor):
    """OpenAI's penalties for tokens that the answer has already, by how often, or at all."""

    def __init__(self, prompt: int, frequency: float, presence: float) -> None:
        self._prompt, self._frequency, self._presence = prompt, frequency, presence

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        counts = torch.bincount(input_ids[0, self._prompt :], minlength=scores.shape[-1]).to(scores.dtype)
        return scores - self._frequency * counts - self._presence * (counts > 0)


def likelihoods(logits: torch.Tensor, token: int, alternatives: int) -> list[tuple[int, float]]:
    """The token and its log-probability, then those of the ``alternatives`` likeliest, before anything is penalised."""
    logprobs = torch.log_softmax(logits, -1)
    found = [(token, float(logprobs[token]))]
    if alternatives:
        values, ids = logprobs.topk(min(alternatives, len(logprobs)))
        found += zip(ids.tolist(), values.tolist(), strict=True)
    return found


def _biases(wanted: Generation, vocabulary: int) -> dict[tuple[int, ...], float]:
    biases: dict[tuple[int, ...], float] = {}
    for token, bias in (wanted.logit_bias or {}).items():
        if not token.isdecimal() or int(token) >= vocabulary:
            raise Problem(400, "invalid_value", f"logit_bias: the model has no token {token[:40]}.", "logit_bias")
        biases[int(token),] = bias
    return biases
