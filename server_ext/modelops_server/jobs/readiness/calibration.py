"""What a quantization reads of its dataset, and how its groups fit: told before a row is tokenized."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelops.datasets import held_out_of_train
from modelops.errors import InvalidInput
from modelops.quantization import CONVERTED, Layer, check_row_count, check_token_count, fitting_group_size
from modelops.registry import Artifact
from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context

_BLOCK = 1 << 20


def judging(context: Context) -> Check | None:
    """The check that there are held-out rows, which judge what comes out; ``None`` without a dataset yet."""
    dataset, asked = context.artifact("Dataset"), context.values.get("eval_rows")
    if dataset is None or type(asked) is not int:
        return None
    splits = _splits(context, dataset)
    split = next((name for name in ("test", "validation") if name in splits), "train")
    rows = splits.get(split, 0)
    rows = held_out_of_train(rows, asked) if split == "train" else min(rows, asked)
    if rows == 0:
        sentence = f"{dataset.ref} has no rows that could judge what comes out."
        mend = Mend(sentence="Choose a dataset that has rows, best with a test split.")
        return Check(name="judging", status="blocked", sentence=sentence, mend=mend)
    where = f"of its {split} split" if split != "train" else "from the end of its train split, as it has no test split"
    return ok("judging", f"{rows:,} held-out rows judge what comes out ({asked:,} are asked for), {where}.")


def calibrating(context: Context, layers: tuple[Layer, ...]) -> Check | None:
    """The check that there are as many rows to calibrate with as are asked for, and that they can be long enough."""
    dataset, values = context.artifact("Dataset"), context.values
    name = "calibration_rows" if "calibration_rows" in values else "importance_rows"
    asked = values.get(name)
    if dataset is None or not asked or CONVERTED.issuperset(values.get("types", ["calibrated"])):
        return None
    try:
        rows = check_row_count(_splits(context, dataset), asked, values["eval_rows"])
        if name == "calibration_rows" and layers:
            check_token_count(layers, asked, asked * values["max_length"], at_most=True)
    except InvalidInput as error:
        return Check(name="calibration", status="blocked", sentence=error.message, mend=_enough(error, name, values))
    return ok("calibration", f"{asked:,} of {rows:,} training rows are read, and none of those that judge.")


def group_size(context: Context, layers: tuple[Layer, ...]) -> Check | None:
    """The check that the groups of weights with a common scale fit into the rows of every layer; says their size."""
    values, asked = context.values, context.values.get("group_size")
    if "group_size" not in values or not layers:
        return None
    if values["scheme"] != "W4A16":
        if asked is None:
            return None
        sentence = f"{values['scheme']} has one scale for each row: group_size is not used."
        mend = changes("Leave it empty.", {"group_size": None})
        return Check(name="group_size", status="warning", sentence=sentence, mend=mend)
    try:
        size = fitting_group_size(layers, asked)
    except InvalidInput as error:
        fitting = error.details["fitting"]
        change: dict[str, Any] = {"group_size": fitting[0]} if fitting else {"scheme": "W8A8", "group_size": None}
        return Check(name="group_size", status="blocked", sentence=error.message, mend=changes(error.hint, change))
    columns = " and ".join(f"{count:,}" for count in sorted({layer.columns for layer in layers}))
    chosen = "as asked for" if asked else "the largest size that fits every layer"
    return ok("group_size", f"{size} weights of a row share a scale, {chosen} (of {columns} columns).")


def _enough(error: InvalidInput, name: str, values: Any) -> Mend:
    match error.code:
        case "calibration_too_few_rows":
            return changes(error.hint, {name: error.details["rows"]})
        case "calibration_too_short":
            return changes(error.hint, {name: -(-error.details["needed"] // values["max_length"])})
        case _:
            return Mend(sentence=error.hint)


def _splits(context: Context, dataset: Artifact) -> dict[str, int]:
    """Rows in each split: as its metadata says, or counted."""
    known = dataset.metadata.get("splits")
    names = [Path(file.path).stem for file in dataset.files if file.path.startswith("data/")]
    return {
        name: known[name]
        if isinstance(known, dict) and type(known.get(name)) is int
        else _lines(context.blob(dataset, f"data/{name}.jsonl"))
        for name in names
    }


def _lines(file: Path | None) -> int:
    if file is None:
        return 0
    with file.open("rb") as rows:
        return sum(block.count(b"\n") for block in iter(lambda: rows.read(_BLOCK), b""))
