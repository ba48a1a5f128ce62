"""Calibration: the rows that a method looks at while it rounds, and whether they are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.datasets import Row, held_out_rows, held_out_split, read_split, split_names
from modelops.errors import InvalidInput
from modelops.quantization.layers import Layer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from modelops.conversations import Examples


def calibration_rows(folder: Path, count: int, eval_rows: int) -> list[Row]:
    """At most ``count`` rows of a dataset's train split, spread evenly over it, and none that is held out.

    ``eval_rows`` are the held-out rows that are asked for elsewhere: without a test or validation split they are the
    last ones of the train split. Raises ``InvalidInput`` (``calibration_empty``) where nothing is left.
    """
    rows = read_split(folder, "train") if "train" in split_names(folder) else []
    if rows and held_out_split(folder) is None:
        rows = rows[: held_out_rows(folder, eval_rows).first]
    if not rows:
        raise InvalidInput(
            "calibration_empty",
            "The dataset has no training rows to calibrate with; held-out rows judge the result.",
            "Choose a dataset with a train split.",
        )
    count = min(count, len(rows))
    return [rows[place * len(rows) // count] for place in range(count)]


def check_calibration(examples: Examples, layers: Sequence[Layer]) -> int:
    """The tokens of the calibration rows; raises ``InvalidInput`` (``calibration_too_short``) where they are too few.

    A method weighs the columns of a layer by what goes through them. With fewer tokens than columns there are
    directions that none has gone through, and errors along them cost nothing.
    """
    widest = max(layers, key=lambda layer: layer.columns)
    tokens = sum(len(ids) for ids in examples.dataset["input_ids"])
    if tokens < widest.columns:
        raise InvalidInput(
            "calibration_too_short",
            f"The {len(examples.dataset)} calibration rows have {tokens:,} tokens; {widest.columns:,} are needed, one "
            f"for each column of {widest.name}.",
            "Raise calibration_rows or max_length, or choose a dataset with more text.",
            tokens=tokens,
            needed=widest.columns,
        )
    return tokens


@contextmanager
def following_layers(model: PreTrainedModel, on_progress: Callable[[int, int], None]) -> Iterator[None]:
    """Tell ``on_progress`` how many of the model's layers are done, and of how many, while they are worked through.

    A layer counts as done when the next one is run for the first time.
    """
    blocks = set(model._no_split_modules or ())
    layers = [module for module in model.modules() if type(module).__name__ in blocks]
    furthest = -1

    def begin(place: int) -> Callable[..., None]:
        def hook(*_: Any) -> None:
            nonlocal furthest
            if place > furthest:
                furthest = place
                on_progress(place, len(layers))

        return hook

    hooks = [layer.register_forward_pre_hook(begin(place)) for place, layer in enumerate(layers)]
    try:
        yield
        on_progress(len(layers), len(layers))
    finally:
        for hook in hooks:
            hook.remove()
