"""Why an artifact is refused: every reason has one code, and one sentence that says what it means."""

from __future__ import annotations

from typing import Any

from modelops.errors import VerificationError

REASONS: dict[str, str] = {
    "envelope_missing": "The database names an attestation that is not stored.",
    "envelope_changed": "The stored attestation is not the one that the database recorded.",
    "malformed_envelope": "The attestation is not a DSSE envelope in canonical form.",
    "unsigned": "The attestation carries no signature.",
    "wrong_payload_type": "The attestation's payload is not declared as an in-toto statement.",
    "unknown_key": "The attestation is signed, but by none of the trusted keys.",
    "bad_signature": "The signature claims a trusted key and does not match: payload, signature or key were replaced.",
    "duplicate_key": "The signed statement has a JSON key twice, so two readers could read two things.",
    "not_canonical": "The signed statement is not in its one canonical form (RFC 8785).",
    "malformed_statement": "The signed statement lacks a field or has one of the wrong type.",
    "unknown_statement_type": "The signed statement is not an in-toto Statement v1.",
    "unknown_predicate_type": "The signed statement is not SLSA provenance v1.",
    "wrong_artifact": "The attestation is genuine and attests another artifact.",
    "record_mismatch": "The database says something about the artifact that was not signed.",
    "unsafe_path": "A file's path could lead out of its folder or disguise itself.",
    "name_collision": "Two paths are one file on file systems that ignore case or Unicode form.",
    "unexpected_file": "There is a file that was not signed.",
    "missing_file": "A signed file is not listed or not there.",
    "file_renamed": "A signed content stands under another file's name.",
    "file_mismatch": "The database lists another content for a file than was signed.",
    "missing_blob": "The stored content of a signed file is gone.",
    "not_a_regular_file": "A file is a link, a folder or a device where a regular file was signed.",
    "size_mismatch": "A file is longer or shorter than was signed.",
    "digest_mismatch": "A file's content is not what was signed.",
    "not_in_log": "The attestation is signed and is not in the log of everything that was published.",
    "log_truncated": "The log has fewer entries than its signed checkpoint says: the last ones were cut off.",
    "log_edited": "An entry of the log is not the one under its signed checkpoint.",
    "checkpoint_missing": "The log has no signed checkpoint.",
    "checkpoint_forged": "The log's checkpoint is not signed by a trusted key, or was changed after it was signed.",
    "checkpoint_rolled_back": "The log's checkpoint is genuine and older than one that was already published.",
    "uncertified_key": "The key of an export's OpenSSF bundle is not certified by the artifact's signer.",
    "bundle_mismatch": "An export's OpenSSF bundle is not its key's signature over the artifact's files.",
}


def refusal(code: str, message: str, hint: str = "", **details: Any) -> VerificationError:
    """The error for one of :data:`REASONS`, without a hint of its own with the one that fits every tampering."""
    if code not in REASONS:
        raise KeyError(code)
    return VerificationError(code, message, hint or _HINT, **details)


_HINT = "Do not use these files. Make the artifact again, or restore the state home from a backup."
