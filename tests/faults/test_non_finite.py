"""F23: numbers that stopped being numbers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Registry

ADAPTER = (
    "import numpy as np\nfrom safetensors.numpy import save_file\nfrom modelops import log_artifact, output_folder\n"
    "folder = output_folder('adapter')\n"
    "save_file({{'lora_A': np.array([1.0, {value}], dtype=np.float32)}}, folder / 'adapter_model.safetensors')\n"
    "log_artifact(folder, 'support-bot', 'adapter')"
)


def test_f23_a_job_whose_loss_goes_nan_fails_and_registers_nothing(jobs: Any, notebook: Callable[..., Path]) -> None:
    job = jobs.run(
        notebook(
            ADAPTER.format(value="2.0"),
            "from modelops import log_metric\nlog_metric(1, loss=2.5)\nlog_metric(2, loss=float('nan'))",
        )
    )

    assert (job.state, job.reason.code) == ("failed", "non_finite")
    assert (job.reason.details["metric"], job.reason.details["step"]) == ("loss", 2)
    assert Registry(jobs.home).list() == []


@pytest.mark.parametrize("value", ["np.nan", "np.inf"])
def test_f23_an_adapter_with_non_finite_weights_is_never_registered(
    jobs: Any, notebook: Callable[..., Path], value: str
) -> None:
    job = jobs.run(notebook(ADAPTER.format(value=value)))

    assert (job.state, job.reason.code) == ("failed", "non_finite")
    assert "adapter_model.safetensors" in job.reason.message
    assert Registry(jobs.home).list() == []


def test_f23_a_template_that_stops_itself_because_of_nan_ends_with_the_reason(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    job = jobs.run(notebook("from modelops.errors import NonFinite\nraise NonFinite('The loss became NaN.')"))

    assert (job.state, job.reason.code) == ("failed", "non_finite")
    assert job.reason.details["cell"]["number"] == 1
