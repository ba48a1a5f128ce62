"""Outputs stay small, and say so."""

from __future__ import annotations

from nbformat import NotebookNode

from modelops_server.jobs.running.outputs import OutputBudget, OutputLimits, StreamText


def _display(**data: object) -> NotebookNode:
    return NotebookNode(output_type="display_data", data=NotebookNode(data), metadata=NotebookNode())


def test_short_text_is_kept_as_it_is() -> None:
    stream = StreamText(1_000)
    for text in ("one\n", "two", " and a half\n"):
        stream.append(text)

    assert str(stream) == "one\ntwo and a half\n"


def test_of_long_text_the_beginning_and_the_end_are_kept() -> None:
    stream = StreamText(100_000)
    for number in range(100_000):
        stream.append(f"line {number}\n")

    text = str(stream)
    assert text.startswith("line 0\n")
    assert text.endswith("line 99999\n")
    assert "characters left out" in text
    assert len(text) < 250_000


def test_one_endless_line_is_bounded_too() -> None:
    stream = StreamText(100_000)
    for _ in range(1_000):
        stream.append("x" * 1_000)

    assert len(str(stream)) < 250_000


def test_a_progress_bar_leaves_only_its_last_line() -> None:
    stream = StreamText(1_000)
    for percent in range(101):
        stream.append(f"\r{percent} %")
    stream.append("\ndone\n")

    assert str(stream).splitlines()[-2:] == ["100 %", "done"]
    assert len(str(stream)) < 20


def test_an_image_that_is_too_large_becomes_a_marker_beside_what_fits() -> None:
    output = OutputBudget(OutputLimits(rich=1_000)).admit(
        _display(**{"image/png": "A" * 2_000, "text/plain": "<Figure>"})
    )

    assert output is not None
    assert "image/png" not in output.data
    assert output.data["text/plain"] == "<Figure>\n[left out: image/png of 2,000 characters]"


def test_the_whole_notebook_has_a_limit() -> None:
    budget = OutputBudget(OutputLimits(total=10_000))
    for _ in range(100):
        budget.next_cell()
        kept = budget.admit(_display(**{"text/html": "x" * 1_000}))

    assert kept is not None
    assert list(kept.data) == ["text/plain"]


def test_one_cell_has_so_many_outputs_and_then_a_marker() -> None:
    budget = OutputBudget(OutputLimits(outputs_per_cell=3))
    outputs = [budget.admit(_display(**{"text/plain": "x"})) for _ in range(5)]

    assert [output.output_type if output else None for output in outputs] == [
        "display_data",
        "display_data",
        "stream",
        None,
        None,
    ]
