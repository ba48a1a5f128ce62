"""Calibration: the rows that a method looks at while it rounds, and whether they are enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.datasets import Row, held_out_of_train, read_split, split_names
from modelops.errors import InvalidInput
from modelops.quantization.layers import Layer

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from modelops.conversations import Examples


def calibration_rows(folder: Path, count: int, eval_rows: int) -> list[Row]:
    """``count`` rows of a dataset's train split, spread evenly over it, and none that is held out.

    ``eval_rows`` are the held-out rows that are asked for elsewhere: without a test or validation split they are the
    last ones of the train split. Raises what :func:`check_row_count` raises.
    """
    splits = dict.fromkeys(split_names(folder), 0)
    rows = read_split(folder, "train") if "train" in splits else []
    there = check_row_count({**splits, "train": len(rows)}, count, eval_rows)
    return [rows[place * there // count] for place in range(count)]


def check_row_count(splits: Mapping[str, int], count: int, eval_rows: int) -> int:
    """How many rows there are to calibrate with, in a dataset with so many in each of its splits.

    Raises ``InvalidInput``: ``calibration_empty`` where nothing is left beside the rows that judge, and
    ``calibration_too_few_rows`` where there are fewer than ``count``.
    """
    rows = splits.get("train", 0)
    if not {"test", "validation"} & set(splits):
        rows -= held_out_of_train(rows, eval_rows)
    if rows <= 0:
        raise InvalidInput(
            "calibration_empty",
            "The dataset has no training rows to calibrate with; held-out rows judge the result.",
            "Choose a dataset with a train split.",
        )
    if rows < count:
        raise InvalidInput(
            "calibration_too_few_rows",
            f"The dataset has {rows:,} training rows to calibrate with; {count:,} are asked for.",
            f"Ask for {rows:,}, or choose a dataset with more rows.",
            rows=rows,
            asked=count,
        )
    return rows


def check_calibration(examples: Examples, layers: Sequence[Layer]) -> int:
    """The tokens of the calibration rows; raises what :func:`check_token_count` raises."""
    tokens = sum(len(ids) for ids in examples.dataset["input_ids"])
    check_token_count(layers, len(examples.dataset), tokens)
    return tokens


def check_token_count(layers: Sequence[Layer], rows: int, tokens: int, *, at_most: bool = False) -> None:
    """Raise ``InvalidInput`` (``calibration_too_short``) where rows with so many tokens together are too short.

    A method weighs the columns of a layer by what goes through them. With fewer tokens than columns there are
    directions that none has gone through, and errors along them cost nothing. ``at_most``: they may have fewer.
    """
    widest = max(layers, key=lambda layer: layer.columns)
    if tokens < widest.columns:
        raise InvalidInput(
            "calibration_too_short",
            f"The {rows} calibration rows have {'at most ' if at_most else ''}{tokens:,} tokens; "
            f"{widest.columns:,} are needed, one for each column of {widest.name}.",
            "Raise calibration_rows or max_length, or choose a dataset with more text.",
            tokens=tokens,
            needed=widest.columns,
        )


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
