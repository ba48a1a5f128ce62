"""Artifacts: find, look at, verify, trace, name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

from modelops.errors import ModelOpsError, VerificationError
from modelops.registry import Artifact, Registry
from modelops.registry.comparison import compare_artifacts
from modelops_server.handlers.answers import artifacts as answers
from modelops_server.handlers.base import ModelOpsHandler
from modelops_server.handlers.operation import operation

MOST_CARD = 1_000_000
"""Bytes of a README.md that is sent with its artifact."""

_CARD = "README.md"


class KindQuery(BaseModel):
    """Which artifacts of one kind to list."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200, description="Only the versions of one name.")
    search: str = Field("", max_length=200, description="Words of name, kind, job or aliases, in any case.")
    latest: bool = Field(False, description="Only the newest version of each name.")
    limit: int = Field(100, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=10**9)


class ArtifactsQuery(KindQuery):
    """Which artifacts to list."""

    kind: answers.ArtifactKind | None = None


class Version(BaseModel):
    """Which version an alias is to mean."""

    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = Field(ge=1, le=999_999_999)
    allow_rejected: bool = Field(False, description="Also a version that did not pass the gate of its job.")


class ComparisonQuery(BaseModel):
    """Which artifacts to compare."""

    model_config = ConfigDict(extra="forbid")

    ref: list[str] = Field(min_length=1, max_length=16)


class Verification(RootModel[answers.Verified | answers.Refused]):
    """Whether an artifact is what was signed."""


async def page(handler: ModelOpsHandler, query: KindQuery, kind: str | None) -> dict[str, Any]:
    """A page of artifacts, as every list of them is sent."""

    def read(registry: Registry) -> dict[str, Any]:
        filters: dict[str, Any] = {"name": query.name, "search": query.search, "latest": query.latest}
        found, total = registry.page(kind=kind, **filters, limit=query.limit, offset=query.offset)
        return {
            "artifacts": [_without_files(artifact) for artifact in found],
            "total": total,
            "kinds": registry.count_by_kind(**filters),
        }

    return await handler.with_registry(read)


class ArtifactsHandler(ModelOpsHandler):
    """``artifacts``."""

    @operation("listArtifacts", "read", "artifacts", query=ArtifactsQuery, answer=answers.ArtifactList)
    async def get(self, query: ArtifactsQuery) -> dict[str, Any]:
        """List artifacts, newest first."""
        return await page(self, query, query.kind)


class ArtifactHandler(ModelOpsHandler):
    """``artifacts/{ref}``."""

    @operation("getArtifact", "read", "artifacts", answer=answers.ArtifactDetail)
    async def get(self, ref: str) -> dict[str, Any]:
        """An artifact, what it was made from, who signed it, and its other versions.

        The signature is checked and of the files only the README.md; `verify` reads all of them.
        """
        return await self.with_registry(lambda registry: _details(registry, ref))


class ArtifactComparisonHandler(ModelOpsHandler):
    """``artifact-comparison``."""

    @operation("compareArtifacts", "read", "artifacts", query=ComparisonQuery, answer=answers.ArtifactComparison)
    async def get(self, query: ComparisonQuery) -> dict[str, Any]:
        """Artifacts side by side: what they are, what was measured of them, and what they were made from."""
        return await self.with_registry(lambda registry: _compared(registry, query.ref))


class VerifyHandler(ModelOpsHandler):
    """``artifacts/{ref}/verify``."""

    @operation("verifyArtifact", "read", "artifacts", answer=Verification)
    async def post(self, ref: str) -> dict[str, Any]:
        """Check the signature and every byte."""
        return await self.with_registry(lambda registry: _verify(registry, ref))


class LineageHandler(ModelOpsHandler):
    """``artifacts/{ref}/lineage``."""

    @operation("getLineage", "read", "artifacts", answer=answers.Lineage)
    async def get(self, ref: str) -> dict[str, Any]:
        """All sources of an artifact, and all that was made from it."""
        return await self.with_registry(lambda registry: registry.lineage(ref).as_json())


class AliasHandler(ModelOpsHandler):
    """``artifacts/{name}/aliases/{alias}``."""

    @operation("setAlias", "write", "artifacts", body=Version, answer=answers.Alias)
    async def put(self, name: str, alias: str, body: Version) -> dict[str, Any]:
        """Let an alias mean a version from now on."""
        await self.with_registry(
            lambda registry: registry.set_alias(name, alias, body.version, allow_rejected=body.allow_rejected)
        )
        return {"alias": f"{name}@{alias}", "ref": f"{name}@{body.version}"}

    @operation("removeAlias", "write", "artifacts", status=204)
    async def delete(self, name: str, alias: str) -> None:
        """Let an alias mean nothing any more; the version stays."""
        await self.with_registry(lambda registry: registry.remove_alias(name, alias))


def _compared(registry: Registry, refs: list[str]) -> dict[str, Any]:
    comparison = compare_artifacts(registry, refs)
    return {**comparison.as_json(), "artifacts": [_without_files(artifact) for artifact in comparison.artifacts]}


def _without_files(artifact: Artifact) -> dict[str, Any]:
    document = artifact.as_json()
    del document["files"]
    return document


def _details(registry: Registry, ref: str) -> dict[str, Any]:
    artifact = registry.get(ref)
    signer, problem, card = None, None, None
    try:
        signer = registry.signer(artifact.ref).fingerprint
        card = _card(registry, artifact)
    except ModelOpsError as error:
        problem = error.as_json()
    return {
        **artifact.as_json(),
        "dependencies": [
            {"name": item.name, "uri": item.uri, "digest": item.sha256}
            for item in registry.index.dependencies(artifact)
        ],
        "signer": signer,
        "problem": problem,
        "card": card,
        "versions": [
            {"version": other.version, "created": other.created, "aliases": list(other.aliases)}
            for other in registry.list(name=artifact.name, limit=1000)
        ],
    }


def _card(registry: Registry, artifact: Artifact) -> str | None:
    if not any(file.path == _CARD and file.size <= MOST_CARD for file in artifact.files):
        return None
    with registry.verified_open(artifact.ref, only=_CARD) as verified:
        return (verified.path / _CARD).read_text("utf-8", "replace")


def _verify(registry: Registry, ref: str) -> dict[str, Any]:
    found = registry.get(ref)
    try:
        artifact = registry.verify(found.ref)
        signer = registry.signer(found.ref)
    except VerificationError as error:
        return {"verified": False, "problem": error.as_json()}
    return {"verified": True, "signer": signer.fingerprint, "artifact": artifact.as_json()}
