"""Writes an answer token by token, the likeliest each time: what evaluation judges, and what endpoints are held to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class Written(NamedTuple):
    """What was written, the end token included."""

    ids: list[int]
    likeliest: list[list[tuple[int, float]]]
    """At each place the likeliest tokens, as many as were asked for: their ids and the logarithms of their
    probabilities, what was written first."""


def chat_prompt(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, Any]]) -> list[int]:
    """The tokens of a conversation that the assistant is about to answer."""
    prompt: Any = tokenizer.apply_chat_template(
        [dict(turn) for turn in messages], add_generation_prompt=True, return_dict=True
    )
    return [int(token) for token in prompt["input_ids"]]


def write_greedily(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompt: Sequence[int],
    most: int,
    *,
    top: int = 0,
) -> Written:
    """The likeliest tokens after those of ``prompt``: up to an end token, and at most ``most``.

    With ``top`` also the likeliest tokens at each place; until the end that takes 4 bytes for each token of the
    vocabulary and each token written.
    """
    import torch

    model.eval()  # type: ignore[no-untyped-call]
    ids = torch.tensor([list(prompt)], device=model.device)
    ends = end_tokens(model, tokenizer)
    generate: Any = model.generate
    with torch.inference_mode():
        output: Any = generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=most,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            # Some models bring one along; what it chooses is not the likeliest.
            repetition_penalty=1.0,
            use_cache=True,
            eos_token_id=sorted(ends) or None,
            pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id,
            return_dict_in_generate=True,
            output_logits=top > 0,
        )
    written = output.sequences[0, len(prompt) :].tolist()
    likeliest = []
    for token, logits in zip(written, output.logits or (), strict=False):  # [1, vocabulary] each
        logprobs = logits[0].float().log_softmax(-1)
        found = logprobs.topk(top)
        ranked = zip(found.indices.tolist(), found.values.tolist(), strict=True)
        # In bfloat16 several tokens may be the likeliest: what was written is the first of them.
        others = [one for one in ranked if one[0] != token]
        likeliest.append([(token, float(logprobs[token])), *others][:top])
    return Written(written, likeliest)


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> set[int]:
    """The ids that end an answer, as tokenizer and model name them."""
    # A model file may name another end than the tokenizer, with which its chats were written.
    return {tokenizer.eos_token_id, *_numbers(model.generation_config.eos_token_id)} - {None}


def _numbers(value: int | list[int] | None) -> list[int]:
    return [] if value is None else [value] if isinstance(value, int) else value
