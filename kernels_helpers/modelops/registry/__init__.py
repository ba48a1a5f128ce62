"""The registry: signed artifacts, stored by content, opened only when verified."""

from __future__ import annotations

from modelops.registry.exchange.export import verify_export
from modelops.registry.exchange.importing import Imported, import_export
from modelops.registry.keys import KeyStore, PublicKey
from modelops.registry.lineage import Lineage
from modelops.registry.reasons import REASONS
from modelops.registry.records import KINDS, Artifact, Build, Dependency, FileEntry
from modelops.registry.registry import Registry, VerifiedArtifact

__all__ = [
    "KINDS",
    "REASONS",
    "Artifact",
    "Build",
    "Dependency",
    "FileEntry",
    "Imported",
    "KeyStore",
    "Lineage",
    "PublicKey",
    "Registry",
    "VerifiedArtifact",
    "import_export",
    "verify_export",
]
