"""F15: cells that print or show more than anybody could read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

LIMIT = 500_000_000
"""Bytes of memory that a runner may take."""


def run_and_weigh(jobs: Any, path: Path, **options: Any) -> tuple[Any, int]:
    """A job as it ended, and the most memory that its runner process ever took, in bytes."""
    job, peak = jobs.submit(path, **options), 0

    def ended() -> bool:
        nonlocal peak
        now = jobs.queue.get(job.id)
        if now.attempt is not None and now.attempt.runner is not None:
            with suppress(OSError, ValueError):
                status = Path(f"/proc/{now.attempt.runner.pid}/status").read_text()
                peak = max(peak, int(status.split("VmHWM:")[1].split()[0]) * 1024)
        return bool(now.state.terminal)

    jobs.until(ended, seconds=120)
    return jobs.queue.get(job.id), peak


def check_bounds(jobs: Any, job: Any, peak: int, *, output: int) -> None:
    """Check memory, notebook and journal."""
    assert 0 < peak < LIMIT
    assert (job.folder / "output.ipynb").stat().st_size < output
    assert (job.folder / "log.txt").stat().st_size < 101_000_000
    assert (job.folder / "events.jsonl").stat().st_size < 1_000_000


@pytest.mark.parametrize(
    "flood",
    [
        "print('x' * 100_000_000)",
        "print('\\N{GRINNING FACE}' + 'x' * 100_000_000)",
        "import sys\nfor _ in range(1_250_000):\n    sys.stdout.write('x' * 79 + '\\n')",
    ],
    ids=["one-line", "wide-characters", "lines"],
)
def test_f15_100_mb_of_text_in_one_cell_is_capped_with_a_marker(
    jobs: Any, notebook: Callable[..., Path], flood: str
) -> None:
    job, peak = run_and_weigh(jobs, notebook(flood, "print('after')"))

    assert job.state == "succeeded", job.reason
    first, second = jobs.output(job).cells
    assert "left out" in first.outputs[0].text
    assert second.outputs[0].text == "after\n"
    check_bounds(jobs, job, peak, output=3_000_000)


def test_f15_infinite_output_ends_by_the_time_limit_and_stays_bounded(jobs: Any, notebook: Callable[..., Path]) -> None:
    job, peak = run_and_weigh(jobs, notebook("while True:\n    print('x' * 5_000_000)"), cell_timeout=6)

    assert (job.state, job.reason.code) == ("failed", "timeout")
    assert "left out" in jobs.output(job).cells[0].outputs[0].text
    check_bounds(jobs, job, peak, output=3_000_000)


def test_f15_a_kernel_that_prints_without_a_pause_does_not_remember_it(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    flood = "for _ in range(160):\n    print('x' * 5_000_000)"
    weigh = "import resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    job = jobs.ended(jobs.submit(notebook(flood, weigh)))

    assert job.state == "succeeded", job.reason
    assert int(jobs.output(job).cells[1].outputs[0].text) < LIMIT


def test_f15_a_50_mb_image_is_left_out_and_smaller_ones_are_kept_up_to_the_notebooks_limit(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    show = (
        "import base64, os\nfrom IPython.display import display\n"
        "def show(size):\n    picture = base64.b64encode(os.urandom(size)).decode()\n"
        "    display({'image/png': picture, 'text/plain': '<Figure>'}, raw=True)\n"
    )
    job, peak = run_and_weigh(jobs, notebook(show + "show(50_000_000)", "for _ in range(12):\n    show(9_000_000)"))

    assert job.state == "succeeded", job.reason
    large, small = (cell.outputs for cell in jobs.output(job).cells)
    assert large[0].data["text/plain"] == "<Figure>\n[left out: image/png of 66,666,670 bytes]"
    assert list(large[0].data) == ["text/plain"]
    assert ["image/png" in output.data for output in small] == [True] * 8 + [False] * 4
    check_bounds(jobs, job, peak, output=101_000_000)


def test_f15_a_display_too_large_to_be_received_costs_that_display_and_nothing_else(
    jobs: Any, notebook: Callable[..., Path]
) -> None:
    show = (
        "from IPython.display import display\n"
        "display({'image/png': 'A' * 200_000_000, 'text/plain': '<Figure>'}, raw=True)\nprint('shown')"
    )
    job, peak = run_and_weigh(jobs, notebook(show, "print('after')"))

    assert job.state == "succeeded", job.reason
    first, second = (cell.outputs for cell in jobs.output(job).cells)
    printed = "".join(output["text"] for output in first)
    assert "shown" in printed
    assert "[left out: an output of 200,000," in printed
    assert second[0].text == "after\n"
    check_bounds(jobs, job, peak, output=3_000_000)
