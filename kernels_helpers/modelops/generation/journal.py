"""Keeps answers as they come, so that a run that is cut off goes on with the prompts that have none."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from modelops.files import fsync_folder
from modelops.generation.answers import Answer, Outcome, outcome_of
from modelops.generation.prompts import Key, Prompt


class Journal:
    """A file of JSON lines in a folder that belongs to one set of parameters and inputs.

    What was appended is on disk when :meth:`append` returns. A last line that was cut off is dropped when the file is
    opened again.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "answers.jsonl"
        self.outcomes: dict[Key, Outcome] = {}
        self.tokens_written = 0
        """Tokens of the answers that this process appended."""
        whole = 0
        if self._path.exists():
            content = self._path.read_bytes()
            whole = content.rfind(b"\n") + 1
            for line in content[:whole].splitlines():
                outcome = outcome_of(json.loads(line))
                self.outcomes[outcome.key] = outcome
        self.found = len(self.outcomes)
        """How many were there already."""
        with self._path.open("ab") as stream:
            stream.truncate(whole)
            os.fsync(stream.fileno())
        fsync_folder(folder)

    def append(self, outcomes: Sequence[Outcome]) -> None:
        """Keep what became of some prompts."""
        lines = "".join(json.dumps(one.as_json()) + "\n" for one in outcomes)
        with self._path.open("ab") as stream:
            stream.write(lines.encode())
            stream.flush()
            os.fsync(stream.fileno())
        for one in outcomes:
            self.outcomes[one.key] = one
            self.tokens_written += (one.tokens or 0) if isinstance(one, Answer) else 0

    def missing(self, prompts: Iterable[Prompt]) -> list[Prompt]:
        """The prompts that nothing is known of yet."""
        return [prompt for prompt in prompts if prompt.key not in self.outcomes]
