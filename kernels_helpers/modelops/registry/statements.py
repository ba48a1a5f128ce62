"""What is signed: an in-toto Statement v1 with SLSA provenance v1, one per artifact.

Specifications: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md, https://slsa.dev/spec/v1.0/provenance
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from modelops import __version__
from modelops.errors import InvalidInput
from modelops.registry.canonical import DuplicateKey, canonical, parse_strictly, signable
from modelops.registry.reasons import refusal
from modelops.registry.records import Artifact, Build, Dependency, FileEntry

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILDER = "modelops:builder/v1"

# SLSA allows vendor fields with a prefix. The artifact's identity is signed, so that envelopes cannot be exchanged.
IDENTITY = "modelops_artifact"


T = TypeVar("T")


@dataclass(frozen=True)
class Statement:
    """A statement whose form has been checked; ``digest`` is the SHA-256 of its canonical bytes."""

    document: dict[str, Any]
    digest: str
    name: str
    version: int
    kind: str
    created: str
    metadata: dict[str, Any]
    job: str | None
    files: tuple[FileEntry, ...]
    dependencies: tuple[Dependency, ...]
    byproducts: tuple[FileEntry, ...]

    def artifact(self, aliases: tuple[str, ...] = ()) -> Artifact:
        """The artifact that the statement is about; aliases are not signed."""
        return Artifact(
            self.name,
            self.version,
            self.kind,
            self.created,
            self.files,
            self.metadata,
            self.digest,
            self.job,
            aliases,
        )


def rfc3339(moment: datetime) -> str:
    """A moment as text in UTC, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def write_statement(
    *,
    name: str,
    version: int,
    kind: str,
    created: str,
    files: tuple[FileEntry, ...],
    metadata: dict[str, Any],
    build: Build,
) -> bytes:
    """The canonical bytes that state what made an artifact from what; raises ``InvalidInput`` for what is no JSON."""
    run: dict[str, Any] = {
        IDENTITY: {
            "name": name,
            "version": version,
            "kind": kind,
            "created": created,
            "metadata": metadata,
        }
    }
    if build.invocation is not None:
        run["invocationId"] = build.invocation
    if build.started is not None:
        run["startedOn"] = rfc3339(build.started)
    if build.finished is not None:
        run["finishedOn"] = rfc3339(build.finished)
    document = {
        "_type": STATEMENT_TYPE,
        "subject": [_descriptor(file) for file in files],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": f"modelops:build/{build.build_type}/v1",
                "externalParameters": build.parameters,
                "resolvedDependencies": [
                    {"name": item.name, "uri": item.uri, "digest": {"sha256": item.sha256}}
                    for item in build.dependencies
                ],
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"jupyterlab-modelops": __version__}},
                "metadata": run,
                "byproducts": [_descriptor(file) for file in build.byproducts],
            },
        },
    }
    return canonical(signable(document))


def read_statement(payload: bytes) -> Statement:
    """Parse a payload whose signature has been checked; raises ``VerificationError`` with one of the reasons."""
    try:
        document = parse_strictly(payload)
    except DuplicateKey as error:
        raise refusal("duplicate_key", "The signed statement has a JSON key twice.") from error
    except ValueError as error:
        raise refusal("malformed_statement", f"The signed statement is not JSON: {error}.") from error
    if not isinstance(document, dict):
        raise refusal("malformed_statement", "The signed statement is not a JSON object.")
    if document.get("_type") != STATEMENT_TYPE:
        raise refusal("unknown_statement_type", "The signed statement is not an in-toto Statement v1.")
    if document.get("predicateType") != PREDICATE_TYPE:
        raise refusal("unknown_predicate_type", "The signed statement is not SLSA provenance v1.")
    try:
        if signable(document) != document or canonical(document) != payload:
            raise refusal("not_canonical", "The signed statement is not in canonical form (RFC 8785).")
        return _read(document, hashlib.sha256(payload).hexdigest())
    except (InvalidInput, KeyError, TypeError, ValueError) as error:
        raise refusal("malformed_statement", f"The signed statement has a wrong or missing field: {error}.") from error


def _read(document: dict[str, Any], digest: str) -> Statement:
    predicate = _typed(document["predicate"], dict)
    definition, run = _typed(predicate["buildDefinition"], dict), _typed(predicate["runDetails"], dict)
    metadata = _typed(run["metadata"], dict)
    identity = _typed(metadata[IDENTITY], dict)
    job = metadata.get("invocationId")
    return Statement(
        document=document,
        digest=digest,
        name=_typed(identity["name"], str),
        version=_typed(identity["version"], int),
        kind=_typed(identity["kind"], str),
        created=_typed(identity["created"], str),
        metadata=_typed(identity["metadata"], dict),
        job=None if job is None else _typed(job, str),
        files=tuple(_file(item) for item in _typed(document["subject"], list)),
        dependencies=tuple(
            Dependency(_typed(item["name"], str), _typed(item["uri"], str), _sha256(item["digest"]))
            for item in _typed(definition["resolvedDependencies"], list)
        ),
        byproducts=tuple(_file(item) for item in _typed(run["byproducts"], list)),
    )


def _descriptor(file: FileEntry) -> dict[str, Any]:
    return {"name": file.path, "digest": {"sha256": file.sha256}, "annotations": {"size": file.size}}


def _file(descriptor: Any) -> FileEntry:
    size = _typed(descriptor["annotations"]["size"], int)
    return FileEntry(_typed(descriptor["name"], str), _sha256(descriptor["digest"]), size)


def _sha256(digests: Any) -> str:
    digest = _typed(_typed(digests, dict)["sha256"], str)
    if not is_sha256(digest):
        raise ValueError(f"{digest[:80]!r} is not a SHA-256 in hex")
    return digest


def is_sha256(digest: str) -> bool:
    """Whether ``digest`` is a SHA-256 in lower-case hex."""
    return re.fullmatch(r"[0-9a-f]{64}", digest) is not None


def _typed(value: Any, kind: type[T]) -> T:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value
