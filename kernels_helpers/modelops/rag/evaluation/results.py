"""What a configuration found for each question, and its journal, by which a sweep that was cut off goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelops.files import fsync_folder
from modelops.rag.evaluation.configurations import Configuration
from modelops.rag.evaluation.metrics import Judged


@dataclass(frozen=True)
class Found:
    """What was found for one question."""

    judged: Judged | None
    """``None`` for a question without an answer."""
    score: float | None
    """Of the first hit; ``None`` where nothing was found."""
    first: tuple[str, int, int] | None
    """Source and span of the first hit."""
    seconds: float


@dataclass(frozen=True)
class Result:
    """What one configuration found."""

    configuration: Configuration
    found: Mapping[str, Found]
    """By the id of the question."""
    chunks: int
    """Of the index that was searched."""

    def as_json(self) -> dict[str, Any]:
        """The result without its configuration."""
        return {
            "chunks": self.chunks,
            "found": {
                name: {
                    "grades": one.judged.grades if one.judged else None,
                    "covered": one.judged.covered if one.judged else None,
                    "score": one.score,
                    "first": one.first,
                    "seconds": one.seconds,
                }
                for name, one in self.found.items()
            },
        }


class SweepJournal:
    """One line of JSON for each configuration that is done, in a folder that belongs to these questions and documents.

    A last line that was cut off is dropped when the file is opened again.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "configurations.jsonl"
        self._lines: dict[str, dict[str, Any]] = {}
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = content.rfind(b"\n") + 1
        for line in content[:whole].splitlines():
            row = json.loads(line)
            self._lines[row["configuration"]] = row["result"]
        with self._path.open("ab") as stream:
            stream.truncate(whole)
            os.fsync(stream.fileno())
        fsync_folder(folder)

    def get(self, configuration: Configuration) -> Result | None:
        """What a configuration found, where that is known."""
        row = self._lines.get(_key(configuration))
        if row is None:
            return None
        return Result(configuration, {name: _found(one) for name, one in row["found"].items()}, row["chunks"])

    def append(self, result: Result) -> None:
        """Keep what a configuration found; it is on disk when this returns."""
        key, row = _key(result.configuration), result.as_json()
        with self._path.open("ab") as stream:
            stream.write((json.dumps({"configuration": key, "result": row}) + "\n").encode())
            stream.flush()
            os.fsync(stream.fileno())
        self._lines[key] = row


def _key(configuration: Configuration) -> str:
    return json.dumps(configuration.as_json(), sort_keys=True)


def _found(row: Mapping[str, Any]) -> Found:
    judged = None
    if row["grades"] is not None:
        judged = Judged(tuple(row["grades"]), tuple(map(tuple, row["covered"])))
    first = row["first"]
    return Found(judged, row["score"], (first[0], first[1], first[2]) if first else None, row["seconds"])
