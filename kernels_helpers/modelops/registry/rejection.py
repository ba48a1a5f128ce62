"""What did not pass the gate of the job that made it is not used without being asked for by name."""

from __future__ import annotations

from modelops.errors import Conflict
from modelops.registry.records import Artifact


def refuse_rejected(artifact: Artifact) -> None:
    """Raise ``Conflict`` with code ``rejected`` and the reasons for what did not pass its gate."""
    if artifact.rejected:
        raise Conflict(
            "rejected",
            f"{artifact.ref} was rejected when it was made: {' '.join(artifact.rejected)}",
            "Choose another version, or allow it: --allow-rejected (REST: allow_rejected).",
            reasons=list(artifact.rejected),
        )
