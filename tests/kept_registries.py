"""What tests of a registry's upkeep share: a home that nobody has open, small folders, and what a report found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelops.paths import StateHome
from modelops.registry import Registry
from modelops.registry.upkeep.fsck import Report


def found(report: Report) -> set[str]:
    return {finding.code for finding in report.problems}


def folder_named(registry: Registry, name: str, content: bytes) -> Path:
    folder = registry.home.root / name
    folder.mkdir()
    (folder / "file").write_bytes(content)
    return folder


def closed(registry: Registry) -> StateHome:
    registry.database.conn.close()
    return registry.home


def build() -> Any:
    from modelops.registry import Build

    return Build("job", {}, ())
