"""What a notebook reads: artifacts, verified first, and noted in the job's record as inputs of whatever it makes."""

from __future__ import annotations

import atexit
from typing import NamedTuple

from modelops import events
from modelops.errors import InvalidInput, VerificationError
from modelops.registry import Artifact, Registry, VerifiedArtifact


def open_artifact(ref: str) -> VerifiedArtifact:
    """Verify an artifact and open it until this process exits, or until the end of a ``with`` statement.

    In a job every artifact opened so is signed as a dependency of the job's outputs. Raises ``NotFound``, or
    ``VerificationError`` with the reason.
    """
    verified = Registry().verified_open(ref)
    atexit.register(verified.close)
    events.emit("input", ref=verified.artifact.ref, digest=verified.artifact.digest)
    return verified


def verify_input(ref: str) -> Artifact:
    """Verify an artifact that is used elsewhere, such as by an endpoint, and note it as :func:`open_artifact` does."""
    artifact = Registry().verify(ref)
    events.emit("input", ref=artifact.ref, digest=artifact.digest)
    return artifact


class OpenedAdapter(NamedTuple):
    """An adapter, and the model that it was trained on; both verified."""

    adapter: VerifiedArtifact
    base: VerifiedArtifact


def open_adapter(ref: str, base: str | None = None) -> OpenedAdapter:
    """Verify an adapter and the model that its signed statement names, and open both as :func:`open_artifact` does.

    An adapter only fits the weights that it was trained beside; beside others of the same shape it runs without a
    complaint, and babbles. Raises ``InvalidInput`` for what is no adapter (``not_an_adapter``) and one that does not
    name its base (``base_unknown``), ``VerificationError`` (``base_model_differs``) where ``base`` is another one, and
    what :func:`open_artifact` raises.
    """
    adapter = open_artifact(ref)
    trained = adapter.artifact
    if trained.kind != "adapter":
        raise InvalidInput("not_an_adapter", f"{trained.ref} is of kind {trained.kind}.", "Choose an adapter.")
    named, digest = adapter.metadata.get("base_model"), adapter.metadata.get("base_digest")
    if not (isinstance(named, str) and isinstance(digest, str)):
        raise InvalidInput(
            "base_unknown",
            f"The statement of {trained.ref} does not say which model it was trained on.",
            "Register it with the reference and digest of its base model as metadata.",
        )
    model = open_artifact(base or named)
    if model.artifact.digest != digest:
        raise VerificationError(
            "base_model_differs",
            f"{trained.ref} was trained on {named}, which is not {model.artifact.ref}.",
            f"Give {named} as its model.",
            expected=digest,
            found=model.artifact.digest,
        )
    return OpenedAdapter(adapter, model)
