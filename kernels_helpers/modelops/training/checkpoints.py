"""Finds the checkpoint from which a run goes on."""

from __future__ import annotations

from pathlib import Path

from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR


def last_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint that ``transformers.Trainer`` left in ``folder``, if there is one.

    The trainer writes ``trainer_state.json`` last: without it a checkpoint is one that was cut off.
    """
    complete = (state.parent for state in folder.glob(f"{PREFIX_CHECKPOINT_DIR}-*/trainer_state.json"))
    by_step = {int(number): path for path in complete if (number := path.name.rpartition("-")[2]).isdigit()}
    return by_step[max(by_step)] if by_step else None
