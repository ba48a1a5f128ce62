"""The held-out loss of ``transformers.Trainer``, as a mean over answer tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from modelops.conversations import IGNORED

if TYPE_CHECKING:
    import numpy as np
    import torch
    from transformers import EvalPrediction


def token_losses(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Negative log-likelihood in nats of each target; logits [rows, tokens, vocabulary], targets [rows, tokens].

    For ``Trainer(preprocess_logits_for_metrics=…)``: what is gathered is one number per token, not the logits.
    """
    from torch.nn.functional import cross_entropy

    flat = cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none", ignore_index=IGNORED)
    return flat.view_as(targets)


def mean_answer_loss(evaluated: EvalPrediction) -> dict[str, float]:
    """The mean over all answer tokens, in nats, for ``Trainer(compute_metrics=…)`` after :func:`token_losses`.

    ``Trainer``'s own ``eval_loss`` is a mean of means: a row with two answer tokens counts as much as one with 200.
    """
    losses = cast("np.ndarray[Any, Any]", evaluated.predictions)
    return {"answer_loss": float(losses[evaluated.label_ids != IGNORED].mean())}
