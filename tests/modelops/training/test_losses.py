"""What the trainer is given to measure."""

from __future__ import annotations

import numpy as np
import pytest
from transformers import EvalPrediction

from modelops.training import IGNORED, mean_answer_loss


def test_the_held_out_loss_is_a_mean_over_tokens_not_over_rows() -> None:
    losses = np.array([[1.0, 1.0, 1.0], [4.0, -100, -100]])
    targets = np.array([[5, 6, 7], [8, IGNORED, IGNORED]])
    assert mean_answer_loss(EvalPrediction(losses, targets)) == {"answer_loss": pytest.approx(7 / 4)}
