"""Checks that merging an adapter changed nothing but the number of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelops.errors import NonFinite, VerificationError

if TYPE_CHECKING:
    import torch

TOLERANCE = 1e-3
"""How much a logit may differ, as a share of the largest: float32 rounding, summed over a model's layers."""


def require_equal_logits(merged: torch.Tensor, expected: torch.Tensor) -> float:
    """The largest difference of any logit between a merged model and the adapter beside its base model.

    Raises ``NonFinite`` for logits that are NaN or infinite, ``VerificationError`` (``merge_differs``) when the
    difference is more than rounding.
    """
    difference = float((merged - expected).abs().max())
    # NaN compares false with everything, so it is asked for first.
    if not bool(merged.isfinite().all() and expected.isfinite().all()):
        raise NonFinite("The adapted model computes logits that are not finite.", "Train the adapter again.")
    if difference > TOLERANCE * float(expected.abs().max()):
        raise VerificationError(
            "merge_differs",
            f"The merged model's logits differ from those of the adapter beside its base by up to {difference:.3g}.",
            "Serve the adapter beside its base model instead, and report this combination of model and adapter.",
            difference=difference,
        )
    return difference
