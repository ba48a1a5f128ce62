"""A merged model must compute what the adapter beside its base model computed."""

from __future__ import annotations

import pytest
import torch

from modelops.errors import NonFinite, VerificationError
from modelops.training import require_equal_logits

EXPECTED = torch.linspace(-10, 10, 50).reshape(1, 5, 10)


def test_rounding_is_accepted_and_its_size_told() -> None:
    assert require_equal_logits(EXPECTED + 1e-4, EXPECTED) == pytest.approx(1e-4, rel=0.1)


def test_a_logit_that_differs_by_more_than_rounding_is_refused() -> None:
    wrong = EXPECTED.clone()
    wrong[0, 3, 4] += 0.05
    with pytest.raises(VerificationError) as refused:
        require_equal_logits(wrong, EXPECTED)
    assert refused.value.code == "merge_differs"


def test_logits_that_are_not_finite_are_never_equal() -> None:
    broken = torch.full_like(EXPECTED, torch.nan)
    with pytest.raises(NonFinite):
        require_equal_logits(broken, broken)
