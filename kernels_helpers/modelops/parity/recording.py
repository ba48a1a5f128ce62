"""Asks a loaded model the golden prompts, on the path on which it is evaluated, and records what it answers."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import modelops
from modelops.errors import NonFinite
from modelops.models import chat_prompt, end_tokens, write_greedily
from modelops.models.token_bytes import TokenBytes
from modelops.parity.golden import Golden, GoldenAnswer, Likely, Step
from modelops.parity.prompts import CHATS, MOST_ROWS, TEXTS, Prompt, row_prompts

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from modelops.registry import Artifact

OnProgress = Callable[[int, int], None]
"""Is told how many prompts are answered, and of how many."""

MOST_TOKENS = 24
"""Longest answer."""

TOP = 5
"""Likeliest tokens that are recorded at each place."""

MOST_PROMPT_TOKENS = 512
"""A row whose prompt is longer is left out: it would cost more than all others."""


def quietly(done: int, total: int) -> None:
    """Tell nobody."""


def record_golden(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    subject: Artifact | None = None,
    patience: float | None = None,
    on_progress: OnProgress = quietly,
) -> Golden:
    """Let a model answer the built-in prompts and the first of ``rows``, each with the likeliest tokens.

    ``model`` is as it will be loaded, an adapter with its base. ``subject`` is the artifact that it is from, where the
    record becomes a file of another. After ``patience`` seconds no further prompt is asked. Raises ``NonFinite`` for a
    likelihood that is no number.
    """
    chats = isinstance(tokenizer.chat_template, str | dict)
    asked = list(_askable(model, tokenizer, rows, chats=chats))
    spell, ends = TokenBytes(tokenizer), end_tokens(model, tokenizer)
    answers: list[GoldenAnswer] = []
    began = time.monotonic()
    on_progress(0, len(asked))
    for done, (prompt, ids) in enumerate(asked, 1):
        if answers and patience is not None and time.monotonic() - began > patience:
            break
        written = write_greedily(model, tokenizer, ids, MOST_TOKENS, top=TOP)
        steps = tuple(_step(likeliest, spell) for likeliest in written.likeliest)
        answers.append(GoldenAnswer(prompt, tuple(ids), steps, written.ids[-1] in ends))
        on_progress(done, len(asked))
    template = tokenizer.chat_template
    return Golden(
        answers=tuple(answers),
        ends=tuple(sorted(ends)),
        dated="strftime_now" in str(template),
        computed=_computed(model, tokenizer),
        subject={"ref": subject.ref, "digest": subject.digest} if subject else None,
    )


def write_golden(
    folder: Path,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Iterable[Mapping[str, Any]] = (),
    *,
    subject: Artifact | None = None,
    on_progress: OnProgress = quietly,
) -> Golden:
    """:func:`record_golden`, written into the folder of the artifact as ``golden.json``."""
    golden = record_golden(model, tokenizer, rows, subject=subject, on_progress=on_progress)
    golden.write(folder)
    return golden


def _askable(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Iterable[Mapping[str, Any]], *, chats: bool
) -> Iterator[tuple[Prompt, list[int]]]:
    """Prompts with their tokens: built-in ones and rows, as far as the chat template takes them and they fit."""
    from jinja2 import TemplateError

    context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or 1 << 20
    most = min(MOST_PROMPT_TOKENS, context - MOST_TOKENS)

    def fitting(prompts: Iterable[Prompt]) -> Iterator[tuple[Prompt, list[int]]]:
        for prompt in prompts:
            try:
                ids = _prompt_ids(tokenizer, prompt)
            except TemplateError:  # not every template knows a system prompt
                continue
            if 0 < len(ids) <= most:
                yield prompt, ids

    return chain(fitting(CHATS if chats else TEXTS), islice(fitting(row_prompts(rows, chats=chats)), MOST_ROWS))


def _prompt_ids(tokenizer: PreTrainedTokenizerBase, prompt: Prompt) -> list[int]:
    if prompt.messages is not None:
        return chat_prompt(tokenizer, prompt.messages)
    return list(tokenizer(prompt.text)["input_ids"])


def _step(likeliest: Iterable[tuple[int, float]], spell: Callable[[int], bytes]) -> Step:
    step = tuple(Likely(token, spell(token), logprob) for token, logprob in likeliest)
    if not all(math.isfinite(one.logprob) for one in step):
        raise NonFinite(
            "The model answers a golden prompt with likelihoods that are no numbers.",
            "Its weights are damaged, or its number format is too narrow: look at how it was made.",
        )
    return step


def _computed(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    template = tokenizer.chat_template
    backend = getattr(tokenizer, "backend_tokenizer", None)
    vocabulary = backend.to_str() if backend is not None else repr(sorted(tokenizer.get_vocab().items()))
    return {
        "dtype": str(model.dtype).removeprefix("torch."),
        "device": model.device.type,
        "tokenizer": _sha256(vocabulary),
        **({"chat_template": _sha256(template)} if isinstance(template, str) else {}),
        "modelops": modelops.__version__,
        "torch": version("torch"),
        "transformers": version("transformers"),
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
