"""The registry: signed artifacts, stored by content, opened only when verified."""

from __future__ import annotations

from modelops.registry.records import Artifact, Build, Dependency, FileEntry
from modelops.registry.registry import Registry, VerifiedArtifact, open_artifact

__all__ = [
    "Artifact",
    "Build",
    "Dependency",
    "FileEntry",
    "Registry",
    "VerifiedArtifact",
    "open_artifact",
]
