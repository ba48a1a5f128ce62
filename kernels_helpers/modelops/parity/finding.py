"""Finds the golden prompts of an artifact: its own, else those of its newest evaluation."""

from __future__ import annotations

from modelops.parity.golden import FILE, Golden, read_golden
from modelops.registry import Artifact, Registry


def find_golden(registry: Registry, ref: str) -> Golden | None:
    """The golden prompts that an artifact has among its files, else those of its newest evaluation; verified.

    An evaluation counts that was made of exactly this artifact, by its digest. ``None`` where there are none. Raises
    ``NotFound``, ``VerificationError`` with the reason, and ``InvalidInput`` (``invalid_golden``).
    """
    artifact = registry.get(ref)
    if artifact.kind != "evaluation" and _has_golden(artifact):
        return _read(registry, artifact)
    products = {product for product, _ in registry.index.uses([artifact.digest])}
    evaluations = (item for item in registry.index.by_digest(products) if item.kind == "evaluation")
    for evaluation in filter(_has_golden, evaluations):  # newest first
        golden = _read(registry, evaluation)
        # A model is an input, too, where an adapter of it was evaluated, or where it was the reference.
        if golden.subject is not None and golden.subject.get("digest") == artifact.digest:
            return golden
    return None


def _has_golden(artifact: Artifact) -> bool:
    return any(file.path == FILE for file in artifact.files)


def _read(registry: Registry, artifact: Artifact) -> Golden:
    with registry.verified_open(artifact.ref, only=FILE) as opened:
        return read_golden(opened.path / FILE)
