"""Answers that are computed here: batches of prompts through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelops.errors import InvalidInput, NonFinite
from modelops.generation.answers import Answer, OnProgress, Outcome, Refusal, Settings
from modelops.generation.journal import Journal
from modelops.generation.prompts import Prompt
from modelops.models import Loaded, chat_prompt, end_tokens

if TYPE_CHECKING:
    import torch

_Asked = tuple[Prompt, list[int]]
"""A prompt and its tokens."""


def answer_here(
    loaded: Loaded,
    prompts: Sequence[Prompt],
    settings: Settings,
    journal: Journal,
    *,
    batch_size: int,
    on_progress: OnProgress,
) -> None:
    """Answer what the journal does not know yet, and append it batch by batch.

    Prompts of about one length are computed together, the longest first. A batch always consists of the same prompts,
    and draws from a seed of its own: what is computed does not depend on where a run was cut off. A prompt that leaves
    no room for its answer is refused. Raises ``InvalidInput`` (``chat_template_missing``) and ``NonFinite``.
    """
    if not loaded.tokenizer.chat_template:
        raise InvalidInput(
            "chat_template_missing",
            "The model's tokenizer has no chat template, so it cannot be asked a conversation.",
            "Choose an instruction-tuned model.",
        )
    asked, refused = _tokenized(loaded, prompts, settings.max_tokens)
    journal.append([one for one in refused if one.key not in journal.outcomes])
    on_progress(len(journal.outcomes), len(prompts))
    for number, first in enumerate(range(0, len(asked), batch_size)):
        batch = asked[first : first + batch_size]
        if not journal.missing(prompt for prompt, _ in batch):
            continue
        journal.append(_answers(loaded, batch, settings, settings.seed + number))
        on_progress(len(journal.outcomes), len(prompts))


def _tokenized(loaded: Loaded, prompts: Sequence[Prompt], most: int) -> tuple[list[_Asked], list[Refusal]]:
    from jinja2 import TemplateError

    context = getattr(loaded.model.config.get_text_config(), "max_position_embeddings", None)
    asked: list[_Asked] = []
    refused: list[Refusal] = []
    for prompt in prompts:
        try:
            ids = chat_prompt(loaded.tokenizer, prompt.messages)
        except TemplateError as error:  # such as one that knows no system message
            message = f"The model's chat template refuses the conversation: {error}."
            refused.append(Refusal(*prompt.key, "chat_template_refuses", message))
            continue
        if context is not None and len(ids) + most > context:
            message = f"The prompt has {len(ids)} tokens and the answer may have {most}; the model reads {context}."
            refused.append(Refusal(*prompt.key, "context_length_exceeded", message))
            continue
        asked.append((prompt, ids))
    return sorted(asked, key=lambda one: -len(one[1])), refused


def _answers(loaded: Loaded, batch: Sequence[_Asked], settings: Settings, seed: int) -> list[Outcome]:
    import torch

    model, tokenizer = loaded
    ends = end_tokens(model, tokenizer)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    longest = max(len(ids) for _, ids in batch)
    # At the left, so that every prompt ends where its answer begins.
    rows = [[padding] * (longest - len(ids)) + ids for _, ids in batch]
    mask = [[0] * (longest - len(ids)) + [1] * len(ids) for _, ids in batch]
    sampling = {"temperature": settings.temperature, "top_p": settings.top_p, "top_k": 0}
    greedy = {"temperature": None, "top_p": None, "top_k": None}
    generate: Any = model.generate
    torch.manual_seed(seed)
    with torch.inference_mode():
        output = generate(
            input_ids=torch.tensor(rows, device=model.device),
            attention_mask=torch.tensor(mask, device=model.device),
            max_new_tokens=settings.max_tokens,
            do_sample=settings.temperature > 0,
            **(sampling if settings.temperature > 0 else greedy),
            # Some models bring one along, which no endpoint would know of.
            repetition_penalty=1.0,
            use_cache=True,
            eos_token_id=sorted(ends) or None,
            pad_token_id=padding,
            logits_processor=[_require_numbers],
        )
    answers: list[Outcome] = []
    for (prompt, ids), written in zip(batch, output[:, longest:].tolist(), strict=True):
        end = next((place for place, token in enumerate(written) if token in ends), None)
        kept = written if end is None else written[: end + 1]
        text = str(tokenizer.decode(kept, skip_special_tokens=True))
        answers.append(Answer(*prompt.key, text, "length" if end is None else "stop", len(kept), len(ids)))
    return answers


def _require_numbers(_: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    if bool(scores.isnan().any()):
        raise NonFinite("The model's scores are not numbers.", "Evaluate the model; a larger number format may help.")
    return scores
