"""Answers of ``artifacts``, ``datasets`` and ``models``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from modelops_server.handlers.answers.base import Answer, ComparedValue, Digest, Time
from modelops_server.handlers.answers.problems import Details

ArtifactKind = TypeAliasType("ArtifactKind", Literal["dataset", "model", "adapter", "index", "evaluation", "report"])


class ArtifactFile(Answer):
    """One file of an artifact."""

    path: str
    sha256: Digest
    size: int


class ArtifactSummary(Answer):
    """An immutable, named and numbered set of files, as the database says."""

    ref: str
    name: str
    version: int
    kind: ArtifactKind
    created: Time
    size: int
    digest: Digest = Field(description="Of the signed statement.")
    job: str | None
    aliases: list[str]
    rejected: list[str] = Field(description="Why it did not pass the gate of its job; empty where it did.")
    metadata: dict[str, Any] = Field(description="What was signed: floats and seeds are text.")


class Artifact(ArtifactSummary):
    """An artifact with its files."""

    files: list[ArtifactFile]


class ArtifactList(Answer):
    """One page of artifacts, newest first, and how many there are in all."""

    artifacts: list[ArtifactSummary]
    total: int
    kinds: dict[ArtifactKind, int] = Field(description="How many there are of each kind, whatever kind was asked for.")


class ArtifactInput(Answer):
    """What an artifact was made from."""

    name: str
    uri: str
    digest: str


class ArtifactVersion(Answer):
    """One version of an artifact's name."""

    version: int
    created: Time
    aliases: list[str]


class ArtifactDetail(Artifact):
    """An artifact with where it came from and the versions beside it."""

    dependencies: list[ArtifactInput]
    signer: str | None = Field(description="Fingerprint of the key; `null` when the signature does not hold.")
    problem: Details | None = Field(description="Why the signature does not hold.")
    card: str | None = Field(description="The text of its README.md, verified.")
    versions: list[ArtifactVersion] = Field(description="Newest first.")


class ComparedMeasure(ComparedValue):
    """One number of all compared artifacts, with the interval of 95 % in which each lies."""

    values: list[float | None]
    intervals: list[tuple[float, float] | None]


class ArtifactComparison(Answer):
    """Artifacts side by side, in the order in which they were asked for, as their signed metadata says."""

    artifacts: list[ArtifactSummary]
    facts: list[ComparedValue]
    measures: list[ComparedMeasure]
    inputs: list[ComparedValue] = Field(description="What each was made from, by its role.")
    evaluations: list[str | None] = Field(
        description="For each artifact the evaluation from which measures come that it does not state itself."
    )


class Verified(Answer):
    """The signature holds, and every byte is what was signed."""

    verified: Literal[True]
    signer: str
    artifact: Artifact


class Refused(Answer):
    """The artifact is not what was signed, or nobody trusted signed it."""

    verified: Literal[False]
    problem: Details


class LineageNode(Answer):
    """An artifact, or an input that is none; then all but `uri` is `null`."""

    uri: str
    ref: str | None
    kind: ArtifactKind | None
    job: str | None = Field(description="The job that made it.")


class LineageEdge(Answer):
    """`product` was made from `source`, which it used in the role `name`."""

    product: str
    source: str
    name: str


class Lineage(Answer):
    """Where an artifact came from and what was made of it: nodes by their digests."""

    ref: str
    digest: Digest
    nodes: dict[str, LineageNode]
    edges: list[LineageEdge]


class Alias(Answer):
    """What an alias means now."""

    alias: str
    ref: str
