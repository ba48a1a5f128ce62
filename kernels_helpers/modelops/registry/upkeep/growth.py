"""Whether the log only grew since an artifact was exported: an export carries the log's checkpoint of its day."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from modelops.errors import InvalidInput
from modelops.registry.exchange.export import ATTESTATION, LOG_PROOF, unpack_export
from modelops.registry.keys import PublicKey
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import Checkpoint, read_checkpoint
from modelops.registry.log.proofs import check_proof
from modelops.registry.registry import Registry
from modelops.registry.upkeep.findings import Finding

_MEND = (
    "restore the state home from a backup, and see who could write to it and its key; after"
    " `modelops registry rebuild --from-envelopes` the log is a new one, and exports from before it no longer apply"
)


def exported_checkpoint(source: Path, trusted: Iterable[PublicKey]) -> Checkpoint:
    """The log's checkpoint that an exported folder or archive carries; the export's files are not read.

    Raises ``InvalidInput`` with code ``not_an_export``, ``no_log_proof`` or those of an archive, and
    ``VerificationError`` when the checkpoint is forged, or not one that the export's attestation stands under.
    """
    if source.is_file():
        with tempfile.TemporaryDirectory(prefix="modelops-") as scratch:
            wanted = {ATTESTATION, LOG_PROOF}
            folder = unpack_export(source, Path(scratch), lambda name: PurePosixPath(name).name in wanted)
            return exported_checkpoint(folder, trusted)
    attestation, proof = source / ATTESTATION, source / LOG_PROOF
    if not attestation.is_file():
        raise InvalidInput(
            "not_an_export",
            f"{source} is not an exported artifact: it lacks {ATTESTATION}.",
            "Give a folder or an archive that `modelops artifacts export` made.",
        )
    if not proof.is_file():
        raise InvalidInput(
            "no_log_proof",
            f"{source} carries no {LOG_PROOF}.",
            "Give the export of an artifact that was made here: one that was imported carries no proof.",
        )
    trusted = tuple(trusted)
    checked = check_proof(proof.read_bytes(), attestation.read_bytes(), trusted)
    return read_checkpoint(checked.checkpoint, trusted)


def growth(registry: Registry, earlier: Checkpoint) -> Iterator[Finding]:
    """What contradicts that the log under an earlier checkpoint is the beginning of today's: nothing, or one finding.

    Shown by an RFC 6962 consistency proof. The database and its checkpoint must have been found to be sound. Raises
    ``InvalidInput`` with code ``another_log`` when it is a checkpoint of another log.
    """
    now = registry.log.check_checkpoint()
    if now is not None and now.origin != earlier.origin:
        raise InvalidInput(
            "another_log",
            f"The export is from the log {earlier.origin}; the one here is {now.origin}.",
            "Give an export that was made from this state home, or run this where it was made.",
        )
    what = f"checkpoint of {earlier.size} entries"
    if now is None or now.size < earlier.size:
        size = 0 if now is None else now.size
        message = f"The log has {size} entries; {earlier.size} were published when the export was made."
        yield Finding("log_rewritten", what, message, _MEND)
        return
    path = registry.log.prove_growth(earlier.size, now.size)
    if not merkle.is_consistent(earlier.size, now.size, earlier.root, now.root, path):
        message = f"The first {earlier.size} entries are not those that were published when the export was made."
        yield Finding("log_rewritten", what, message, _MEND)
