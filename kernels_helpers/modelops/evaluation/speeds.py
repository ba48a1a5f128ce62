"""How fast a model reads and writes here, by transformers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput
from modelops.evaluation.progress import OnProgress, quietly
from modelops.intervals import Measure, median_interval

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_TEXT = "The quick brown fox jumps over the lazy dog, and the dog does not mind. "


def speed(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    prompt_tokens: int = 256,
    new_tokens: int = 32,
    repetitions: int = 6,
    on_progress: OnProgress = quietly,
) -> dict[str, Measure]:
    """``prefill_speed``, of reading a prompt, and ``decode_speed``, of writing one token after another: tokens/s.

    One sequence at a time, with a cache of keys and values. Each is the median of the repetitions, after one that is
    not counted. Raises ``InvalidInput`` (``prompt_too_long``) where the model reads no such number of tokens.
    """
    import torch

    context = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    if context is not None and prompt_tokens + new_tokens > context:
        raise InvalidInput(
            "prompt_too_long",
            f"{prompt_tokens} tokens to read and {new_tokens} to write are more than the model's {context}.",
            "Ask for fewer.",
        )
    once: Any = tokenizer(_TEXT, return_tensors="pt")["input_ids"]
    prompt = once.repeat(1, -(-prompt_tokens // once.shape[1]))[:, :prompt_tokens].to(model.device)
    reading, writing = [], []
    model.eval()  # type: ignore[no-untyped-call]
    on_progress(0, repetitions)
    with torch.inference_mode():
        _read_and_write(model, prompt, min(new_tokens, 4))  # memory is taken and kernels are chosen the first time
        for repetition in range(repetitions):
            read, written = _read_and_write(model, prompt, new_tokens)
            reading.append(prompt_tokens / read)
            writing.append(new_tokens / written)
            on_progress(repetition + 1, repetitions)
    return speed_measures(reading, writing, "transformers")


def speed_measures(reading: list[float], writing: list[float], engine: str) -> dict[str, Measure]:
    """``prefill_speed`` and ``decode_speed`` from the tokens/s of each repetition by an engine."""
    return {"prefill_speed": _measure(reading, engine), "decode_speed": _measure(writing, engine)}


def _read_and_write(model: PreTrainedModel, prompt: torch.Tensor, new_tokens: int) -> tuple[float, float]:
    """Seconds to read the prompt, and to write this many tokens after it."""
    _wait_for(model)
    began = time.perf_counter()
    output: Any = model(input_ids=prompt, use_cache=True, logits_to_keep=1)
    token = output.logits[:, -1:].argmax(-1)
    _wait_for(model)
    read = time.perf_counter()
    for _ in range(new_tokens):
        output = model(input_ids=token, past_key_values=output.past_key_values, use_cache=True)
        token = output.logits[:, -1:].argmax(-1)
    _wait_for(model)
    return read - began, time.perf_counter() - read


def _wait_for(model: PreTrainedModel) -> None:
    """A GPU is only told what to do; it is done when it says so."""
    import torch

    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _measure(values: list[float], engine: str) -> Measure:
    middle, low, high, confidence = median_interval(values)
    method = f"median of repetitions by {engine}, between two of them with a confidence of {confidence:.1%}"
    return Measure(middle, low, high, "tokens/s", len(values), method)
