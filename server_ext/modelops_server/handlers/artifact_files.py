"""What an artifact holds, sent only when it is what was signed: one file, everything as an archive, the attestation."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import BinaryIO

from modelops.names import check_member_path
from modelops.registry import Artifact, Registry
from modelops.registry.scratch import ScratchFolder
from modelops_server.handlers.files import FileHandler
from modelops_server.handlers.operation import operation

_BYTES = "application/octet-stream"


class AttestationHandler(FileHandler):
    """``artifacts/{ref}/attestation``."""

    @operation("getAttestation", "read", "artifacts", media=("application/vnd.in-toto+dsse",))
    async def get(self, ref: str) -> None:
        """The DSSE envelope, byte for byte as it was signed."""
        artifact, envelope = await self.with_registry(lambda registry: (registry.get(ref), registry.attestation(ref)))
        self.set_attachment_header(f"{artifact.name}-{artifact.version}.attestation.json")
        self.finish(envelope, set_content_type="application/vnd.in-toto+dsse")


class ArtifactFileHandler(FileHandler):
    """``artifacts/{ref}/files/{path}``."""

    @operation("getArtifactFile", "read", "artifacts", media=(_BYTES,))
    async def get(self, ref: str, path: str) -> None:
        """One file, verified, to be saved; it is never shown."""
        member = check_member_path(path)
        with await self.with_registry(lambda registry: _verified(registry, ref, member)) as stream:
            await self.send(stream, _BYTES, attachment=PurePosixPath(member).name)


class ExportHandler(FileHandler):
    """``artifacts/{ref}/export``."""

    @operation("exportArtifact", "read", "artifacts", media=("application/x-tar",))
    async def get(self, ref: str) -> None:
        """A verified archive that anyone can check: files, attestation, proof of publication, public key."""
        artifact, archive = await self.with_registry(lambda registry: _exported(registry, ref))
        with archive:
            await self.send(archive, "application/x-tar", attachment=f"{artifact.name}-{artifact.version}.tar")


# An open file stays readable when its private folder is gone, so nothing is left behind if the reader goes away.


def _verified(registry: Registry, ref: str, member: str) -> BinaryIO:
    with registry.verified_open(ref, only=member) as verified:
        return (verified.path / member).open("rb")


def _exported(registry: Registry, ref: str) -> tuple[Artifact, BinaryIO]:
    scratch = ScratchFolder(registry.home)
    try:
        archive = scratch.path / "export.tar"
        return registry.export(ref, archive), archive.open("rb")
    finally:
        scratch.remove()
