"""What a notebook reads: artifacts, verified first, and noted in the job's record as inputs of whatever it makes."""

from __future__ import annotations

import atexit

from modelops import events
from modelops.registry import Registry, VerifiedArtifact


def open_artifact(ref: str) -> VerifiedArtifact:
    """Verify an artifact and open it until this process exits, or until the end of a ``with`` statement.

    In a job every artifact opened so is signed as a dependency of the job's outputs. Raises ``NotFound``, or
    ``VerificationError`` with the reason.
    """
    verified = Registry().verified_open(ref)
    atexit.register(verified.close)
    events.emit("input", ref=verified.artifact.ref, digest=verified.artifact.digest)
    return verified
