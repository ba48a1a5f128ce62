"""What an artifact holds, sent only when it is what was signed: one file, everything as an archive, the attestation."""

from __future__ import annotations

from pathlib import PurePosixPath

from modelops.names import check_member_path
from modelops.registry import Artifact, Registry, VerifiedArtifact
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
        verified: VerifiedArtifact = await self.with_registry(lambda registry: registry.verified_open(ref, only=member))
        with verified:
            await self.send_file(verified.path / member, _BYTES, attachment=PurePosixPath(member).name)


class ExportHandler(FileHandler):
    """``artifacts/{ref}/export``."""

    @operation("exportArtifact", "read", "artifacts", media=("application/x-tar",))
    async def get(self, ref: str) -> None:
        """A verified archive that anyone can check: files, attestation, proof of publication, public key."""
        scratch = await self.slowly(ScratchFolder, self.home)
        try:
            archive = scratch.path / "export.tar"

            def export(registry: Registry) -> Artifact:
                return registry.export(ref, archive)

            artifact = await self.with_registry(export)
            name = f"{artifact.name}-{artifact.version}.tar"
            await self.send_file(archive, "application/x-tar", attachment=name)
        finally:
            await self.slowly(scratch.remove)
