"""One pass over held-out rows: how likely a model finds their answers, and how far it is from a reference model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from modelops.conversations import Examples, PackedCollator
from modelops.errors import InvalidInput, NonFinite
from modelops.evaluation.progress import OnProgress, quietly
from modelops.machine import give_back_memory

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

TOKENS_PER_BATCH = 1024
"""Tokens that are laid end to end for one forward pass; a longer row is a batch of its own."""

_POSITIONS = 256
"""Positions whose probabilities are computed at once: with 150,000 tokens in the vocabulary, 150 MB a tensor."""


@dataclass(frozen=True)
class Scores:
    """Sums over the answer tokens of each row; arrays of [rows]."""

    sources: tuple[int, ...]
    """Which of the rows given to ``tokenize_rows`` each is, from 0."""
    tokens: Counts
    """Answer tokens, the end of the turn included."""
    nll: Numbers
    """Negative log-likelihood of the answer, in nats."""
    answer_bytes: Counts
    """Bytes of UTF-8 in the answer."""
    reference_nll: Numbers | None = None
    """The same by the reference model."""
    kl: Numbers | None = None
    """KL(reference ‖ model): Kullback-Leibler divergence of the next token's distribution, in nats."""
    agreements: Counts | None = None
    """Answer tokens at which both models find the same token the likeliest."""

    def __len__(self) -> int:
        return len(self.tokens)


def score_rows(
    model: PreTrainedModel,
    examples: Examples,
    *,
    reference: PreTrainedModel | None = None,
    reference_tokenizer: PreTrainedTokenizerBase | None = None,
    tokens_per_batch: int = TOKENS_PER_BATCH,
    on_progress: OnProgress = quietly,
) -> Scores:
    """Score the answers of tokenized rows by ``model``, and beside it by ``reference``; each on its own device.

    Rows are packed as in training: end to end without padding, none sees another, and logits are computed only where an
    answer token is predicted. ``on_progress`` is told the rows that are done, and all rows. Raises ``InvalidInput``
    (``vocabulary_differs``) where a token of the reference is another token or the reference has more or fewer of them,
    and ``NonFinite`` with the first row whose answer has a likelihood that is no number.
    """
    if reference is not None and reference_tokenizer is not None:
        require_same_tokens(examples.tokenizer, reference_tokenizer)
    rows = len(examples.dataset)
    sums = {name: np.zeros(rows) for name in ("nll", "reference_nll", "kl", "agreements")}
    tokens = np.zeros(rows, np.int64)
    done = 0
    on_progress(0, rows)
    for batch in _batches([len(ids) for ids in examples.dataset["input_ids"]], tokens_per_batch):
        counts, found = _score([examples.dataset[place] for place in batch], model, reference)
        # Which row of the batch each predicted token belongs to.
        owner = np.repeat(batch, counts)
        tokens[batch] = counts
        for name, values in found.items():
            np.add.at(sums[name], owner, values)
        _require_finite(sums, batch, examples.sources)
        give_back_memory()
        done += len(batch)
        on_progress(done, rows)
    compared = reference is not None
    return Scores(
        sources=examples.sources,
        tokens=tokens,
        nll=sums["nll"],
        answer_bytes=np.array(examples.answer_bytes(), np.int64),
        reference_nll=sums["reference_nll"] if compared else None,
        kl=sums["kl"] if compared else None,
        agreements=sums["agreements"].astype(np.int64) if compared else None,
    )


def require_same_tokens(tokenizer: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> None:
    """Raise ``InvalidInput`` (``vocabulary_differs``) where an id means one token to one and another to the other.

    That one has more is no difference: some files pad the vocabulary with tokens that are never used.
    """
    ours = {number: token for token, number in tokenizer.get_vocab().items()}
    theirs = {number: token for token, number in other.get_vocab().items()}
    differing = [number for number in ours.keys() & theirs.keys() if ours[number] != theirs[number]]
    if differing:
        first = min(differing)
        raise _vocabulary_differs(
            f"Token {first} is {ours[first]!r} to the model and {theirs[first]!r} to the reference; "
            f"{len(differing)} tokens differ."
        )


def _batches(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Rows by their places, of similar length together, so that a batch has at most ``limit`` tokens or one row."""
    batch: list[int] = []
    total = 0
    for place in sorted(range(len(lengths)), key=lambda place: lengths[place], reverse=True):
        if batch and total + lengths[place] > limit:
            yield batch
            batch, total = [], 0
        batch.append(place)
        total += lengths[place]
    if batch:
        yield batch


def _score(
    rows: Sequence[dict[str, list[int]]], model: PreTrainedModel, reference: PreTrainedModel | None
) -> tuple[list[int], dict[str, Numbers]]:
    """The answer tokens of each row, and of each such token in order what is measured at it."""
    import torch

    collate = PackedCollator(flash_attention=model.config._attn_implementation == "flash_attention_2")
    batch: dict[str, Any] = collate([{**row, "seq_lengths": [len(row["input_ids"])]} for row in rows])
    targets = batch.pop("labels")[0]
    del batch["shift_labels"]
    ends = np.cumsum([len(row["input_ids"]) for row in rows])
    owner = np.searchsorted(ends, batch["logits_to_keep"].numpy(), side="right")
    with torch.inference_mode():
        logits = _logits(model, batch)
        expected = None if reference is None else _logits(reference, batch)
        if expected is not None and expected.shape != logits.shape:
            raise _vocabulary_differs(
                f"The model chooses among {logits.shape[1]} tokens, the reference among {expected.shape[1]}."
            )
        measured: list[dict[str, torch.Tensor]] = []
        for start in range(0, len(targets), _POSITIONS):
            part = slice(start, start + _POSITIONS)
            beside = None if expected is None else expected[part].to(logits.device)
            measured.append(_at_each_token(logits[part], targets[part].to(logits.device), beside))
    found = {name: torch.cat([part[name] for part in measured]).double().cpu().numpy() for name in measured[0]}
    return np.bincount(owner, minlength=len(rows)).tolist(), found


def _logits(model: PreTrainedModel, batch: dict[str, Any]) -> torch.Tensor:
    """Logits of the positions to keep, [positions, vocabulary], on the model's device."""
    import torch

    model.eval()  # type: ignore[no-untyped-call]
    inputs = {name: value.to(model.device) if torch.is_tensor(value) else value for name, value in batch.items()}
    logits: torch.Tensor = model(**inputs).logits[0]
    return logits


def _at_each_token(
    logits: torch.Tensor, targets: torch.Tensor, reference: torch.Tensor | None
) -> dict[str, torch.Tensor]:
    """Of each position: the target's negative log-likelihood, and how the reference differs; [positions]."""
    log_p = logits.float().log_softmax(-1)
    column = targets.unsqueeze(1)
    found = {"nll": -log_p.gather(1, column).squeeze(1)}
    if reference is not None:
        log_q = reference.float().log_softmax(-1)
        q = log_q.exp()
        # A token that the reference excludes adds nothing; 0 · ∞ would be no number.
        terms = (q * (log_q - log_p)).masked_fill(q == 0, 0.0)
        found["reference_nll"] = -log_q.gather(1, column).squeeze(1)
        found["kl"] = terms.sum(-1)
        found["agreements"] = (log_p.argmax(-1) == log_q.argmax(-1)).float()
    return found


def _require_finite(sums: dict[str, Numbers], batch: Sequence[int], sources: Sequence[int]) -> None:
    for name, whose in (("nll", "the model"), ("reference_nll", "the reference model"), ("kl", "the model")):
        for place in sorted(batch):
            if not np.isfinite(sums[name][place]):
                row = sources[place] + 1
                raise NonFinite(
                    f"{whose.capitalize()} gives the answer of row {row} a likelihood that is {sums[name][place]}.",
                    "Its weights are damaged, or its number format is too narrow: look at how it was made.",
                    row=row,
                    measured=name,
                )


def _vocabulary_differs(reason: str) -> InvalidInput:
    return InvalidInput(
        "vocabulary_differs",
        f"Models can only be compared token by token when they have the same tokens. {reason}",
        "Choose a reference of the same family, or none: bits_per_byte compares across tokenizers.",
    )
