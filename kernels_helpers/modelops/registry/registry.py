"""The registry of a state home: what goes in is signed, what comes out is verified."""

from __future__ import annotations

import difflib
import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from modelops.errors import InvalidInput, ModelOpsError, NotFound
from modelops.files import regular_files
from modelops.names import JOB, Reference, check_name
from modelops.paths import StateHome
from modelops.registry import envelopes, verification
from modelops.registry.blobs import BlobStore
from modelops.registry.copying import each
from modelops.registry.database import migrate, open_database, transaction
from modelops.registry.envelopes import EnvelopeStore
from modelops.registry.exchange.export import ATTESTATION, LOG_PROOF, SIGNER, write_export
from modelops.registry.exchange.oms import write_bundle
from modelops.registry.index import COMPONENT, MIGRATIONS, ArtifactIndex, found_by
from modelops.registry.keys import KeyStore, PublicKey
from modelops.registry.lineage import Lineage, trace
from modelops.registry.locks import storing
from modelops.registry.log.log import Log
from modelops.registry.log.proofs import write_proof
from modelops.registry.members import check_members
from modelops.registry.reasons import refusal
from modelops.registry.records import KINDS, Artifact, Build, FileEntry, in_path_order
from modelops.registry.rejection import refuse_rejected
from modelops.registry.scratch import ScratchFolder
from modelops.registry.statements import Statement, is_sha256, read_statement, rfc3339, write_statement

if TYPE_CHECKING:
    from sqlite_utils import Database

_LOGGER = logging.getLogger(__name__)


class VerifiedArtifact:
    """A private copy of an artifact, holding exactly the bytes that were verified; gone after :meth:`close`.

    ``path`` is the folder with its files, ``statement`` the signed in-toto statement.
    """

    def __init__(self, artifact: Artifact, statement: dict[str, Any], scratch: ScratchFolder) -> None:
        self.artifact = artifact
        self.statement = statement
        self.path = scratch.path
        self._scratch = scratch

    @property
    def metadata(self) -> dict[str, Any]:
        """The signed metadata; floats and seeds are text."""
        return self.artifact.metadata

    def close(self) -> None:
        """Remove the copy; harmless when done twice."""
        self._scratch.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<verified {self.artifact.kind} {self.artifact.ref} at {self.path}>"


class Signed(NamedTuple):
    """What an artifact's envelope says, after everything but the files' content was checked."""

    envelope: bytes
    signer: PublicKey
    statement: Statement
    artifact: Artifact


class Registry:
    """Artifacts of one state home, by default that of the environment. For use in one thread."""

    def __init__(self, home: StateHome | None = None, database: Database | None = None) -> None:
        self.home = home or StateHome.default()
        self.database = database or open_database(self.home)
        migrate(self.database, COMPONENT, MIGRATIONS)
        self.index = ArtifactIndex(self.database)
        self.blobs = BlobStore(self.home)
        self.envelopes = EnvelopeStore(self.home)
        self.keys = KeyStore(self.home)
        self.log = Log(self.home, self.database, self.keys)
        self.catch_up()

    # --- What goes in ---

    def stage(self, folder: Path) -> tuple[FileEntry, ...]:
        """Store every file of ``folder`` durably as a blob; nothing is registered yet.

        To be called while :func:`~modelops.registry.locks.storing` is held, until what names the blobs is committed.
        Raises ``InvalidInput`` for an empty folder, links, special files, unsafe paths and names that collide, and
        ``Unavailable`` with code ``disk_full``.
        """
        if not folder.is_dir():
            raise InvalidInput(
                "not_a_folder", f"{folder} is not a folder.", "Give the folder with the artifact's files."
            )
        members = list(regular_files(folder))
        if not members:
            raise InvalidInput("empty_artifact", f"{folder} holds no files.", "Write the artifact's files there first.")
        check_members(relative for relative, _ in members)
        return tuple(FileEntry(relative, *self.blobs.add(path)) for relative, path in members)

    def publish(
        self, files: Sequence[FileEntry], *, name: str, kind: str, metadata: dict[str, Any], build: Build
    ) -> Artifact:
        """Sign staged files as the next version of ``name`` and add the rows.

        To be called inside :func:`~modelops.registry.database.transaction` on this registry's database, so that it
        can be one transaction with whatever else must be true at the same time; :meth:`catch_up` comes after it.
        Raises ``InvalidInput``, and ``Unavailable`` when the key may not be used.
        """
        if not self.database.conn.in_transaction:
            raise RuntimeError("publish() is called inside transaction(registry.database)")
        check_name(name, "artifact name")
        check_name(build.build_type, "build type")
        if kind not in KINDS:
            raise InvalidInput("invalid_kind", f"{kind!r} is no kind of artifact.", f"Use one of {', '.join(KINDS)}.")
        if not files:
            raise InvalidInput("empty_artifact", f"{name} has no files.", "An artifact needs one at least.")
        check_members(file.path for file in files)
        check_members(file.path for file in build.byproducts)
        stored = (*files, *build.byproducts)
        for digest in (*(entry.sha256 for entry in stored), *(item.sha256 for item in build.dependencies)):
            if not is_sha256(digest):
                raise InvalidInput("invalid_digest", f"{digest[:80]!r} is not a SHA-256 in lower-case hex.")
        for entry in stored:
            self.require_blob(entry)
        payload = write_statement(
            name=name,
            version=self.index.next_version(name),
            kind=kind,
            created=rfc3339(datetime.now(UTC)),
            files=in_path_order(files),
            metadata=metadata,
            build=build,
        )
        # What will be read later is read now, so that nothing is signed that would not verify.
        statement = read_statement(payload)
        # Blob, envelope, rows: each step is durable before the next, so a row never points to what is not there.
        return self.enter(statement, envelopes.sign(payload, self.keys.signing_key()))

    def enter(self, statement: Statement, envelope: bytes) -> Artifact:
        """Store the envelope of a statement that was read from it, and add the rows and the entry in the log.

        The last steps of :meth:`publish` and of an import, inside a transaction, when nothing is left to be checked.
        """
        sha256 = self.envelopes.add(envelope)
        self.index.insert(statement, sha256)
        self.log.append(sha256, self.keys.signing_key())
        return statement.artifact()

    def register(self, folder: Path, *, name: str, kind: str, metadata: dict[str, Any], build: Build) -> Artifact:
        """Store, sign and register ``folder`` as the next version of ``name``: :meth:`stage`, then :meth:`publish`."""
        check_name(name, "artifact name")
        with storing(self.home):
            files = self.stage(folder)
            with transaction(self.database):
                artifact = self.publish(files, name=name, kind=kind, metadata=metadata, build=build)
        self.catch_up()
        return artifact

    def set_alias(self, name: str, alias: str, version: int, *, allow_rejected: bool = False) -> None:
        """Let ``name@alias`` mean ``version`` from now on.

        Raises ``InvalidInput``, ``NotFound``, and ``Conflict`` with code ``rejected`` and the reasons for a version
        that did not pass its gate, unless ``allow_rejected``.
        """
        if Reference.parse(f"{name}@{alias}").alias is None:
            raise InvalidInput("invalid_name", f"{alias!r} would be a version.", "Begin an alias with a letter.")
        with transaction(self.database):
            artifact = self.get(f"{name}@{version}")
            if not allow_rejected:
                refuse_rejected(artifact)
            self.index.set_alias(name, alias, version)
        self.catch_up()

    def remove_alias(self, name: str, alias: str) -> None:
        """Let ``name@alias`` mean nothing any more; raises ``NotFound``."""
        with transaction(self.database):
            if not self.index.remove_alias(name, alias):
                raise NotFound("alias_not_found", f"There is no {name[:100]}@{alias[:100]}.", "See its aliases first.")
        self.catch_up()

    def catch_up(self) -> None:
        """Bring the copy of the log on disk up to what was committed, after a transaction or a crash.

        What was committed is true, whatever happens here; so what cannot be written is told and left to the next time.
        """
        try:
            self.log.catch_up()
        except (ModelOpsError, OSError, sqlite3.Error) as error:
            if getattr(error, "code", "") == "database_corrupt":
                raise
            _LOGGER.warning("The log on disk is behind the database until the next command: %s", error)

    # --- What is there (as the database says, unverified) ---

    def get(self, ref: str) -> Artifact:
        """The artifact that ``ref`` names, from the database alone; raises ``NotFound`` or ``InvalidInput``."""
        reference = Reference.parse(ref)
        if reference.job is not None:
            return self._output_of(reference, reference.job)
        if reference.version is not None:
            found = self.index.select("name = ? AND version = ?", [reference.name, reference.version])
        elif reference.alias is not None:
            found = self.index.select(
                "name = ? AND version = (SELECT version FROM aliases a WHERE a.name = artifacts.name AND alias = ?)",
                [reference.name, reference.alias],
            )
        else:
            found = self.index.select(
                "name = ? AND version = (SELECT max(version) FROM artifacts WHERE name = ?)",
                [reference.name, reference.name],
            )
        if not found:
            raise self._not_found(reference)
        return found[0]

    def list(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        version: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Artifact]:
        """Artifacts, newest first, of one kind, name or version if given."""
        given = {"kind": kind, "name": name, "version": version}
        conditions = {column: value for column, value in given.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in conditions) or "true"
        return self.index.select(where, conditions.values(), limit, offset)

    def page(
        self,
        *,
        kind: str | None = None,
        name: str | None = None,
        search: str = "",
        latest: bool = False,
        limit: int = 100,
        offset: int = 0,
    ) -> tuple[Sequence[Artifact], int]:
        """A page of artifacts, newest first, and how many there are in all.

        ``search`` are words, each of which is in the name, the kind, the job or an alias; ``latest`` leaves out all but
        the newest version of each name.
        """
        where, values = found_by(kind=kind, name=name, search=search, latest=latest)
        return self.index.select(where, values, limit, offset), self.index.count(where, values)

    def count_by_kind(self, *, name: str | None = None, search: str = "", latest: bool = False) -> dict[str, int]:
        """How many artifacts of each kind a :meth:`page` without a kind would find."""
        return self.index.count_by_kind(*found_by(name=name, search=search, latest=latest))

    def lineage(self, ref: str) -> Lineage:
        """An artifact's inputs up to the sources, and everything that was made from it."""
        return trace(self.index, self.get(ref))

    def attestation(self, ref: str) -> bytes:
        """An artifact's DSSE envelope, byte for byte as it was signed; its signature is not checked here."""
        return self.envelopes.read(self.index.envelope(self.get(ref)))

    # --- What comes out (verified) ---

    def verify(self, ref: str) -> Artifact:
        """Check signature, rows and every byte of an artifact; raises ``VerificationError`` with the reason."""
        signed = self.signed(self.get(ref))
        each(lambda file: self._check_blob(file, signed.statement), in_path_order(signed.statement.files))
        return signed.artifact

    def verified_open(self, ref: str, *, only: str | Callable[[str], bool] | None = None) -> VerifiedArtifact:
        """Verify an artifact into a private folder; the one door to its files. For use in a ``with`` statement.

        What is there has been copied while it was hashed, so nothing that happens to the store later can change it.
        With ``only``, the path of a file or what chooses among the paths, no other file is read. Raises
        ``VerificationError`` with the reason, and ``NotFound`` with code ``file_not_found``.
        """
        signed = self.signed(self.get(ref))
        chosen = only if callable(only) else lambda path: only in {None, path}
        files = [file for file in in_path_order(signed.statement.files) if chosen(file.path)]
        if not files:
            wanted = f"the file {only!r}" if isinstance(only, str) else "such a file"
            raise NotFound(
                "file_not_found", f"{signed.artifact.ref} does not have {wanted}.", "Its files are listed with it."
            )
        scratch = ScratchFolder(self.home)
        try:
            self._copy_verified(files, signed.statement, scratch.path)
        except BaseException:
            scratch.remove()
            raise
        return VerifiedArtifact(signed.artifact, signed.statement.document, scratch)

    def export(self, ref: str, to: Path, *, oms: bool = False) -> Artifact:
        """Verify an artifact into the folder or archive ``to``, with attestation and key.

        ``to`` must not exist or be an empty folder; it becomes an archive if its name ends in ``.tar`` or ``.tar.gz``.
        With ``oms`` there is an OpenSSF Model Signing bundle, too. Raises ``VerificationError`` with the reason, and
        ``Conflict`` with code ``target_not_empty``, ``target_exists`` or ``not_the_signer``.
        """
        signed = self.signed(self.get(ref))
        artifact = signed.artifact
        records = {ATTESTATION: signed.envelope, SIGNER: signed.signer.pem()}
        if self.keys.is_own(signed.signer):
            # Another home's checkpoint is not signed with the key by which the artifact will be checked.
            records[LOG_PROOF] = write_proof(self.log.prove(self.index.envelope(artifact)))
        if oms:
            records |= write_bundle(self.keys, signed.statement, signed.signer)
        title = f"{artifact.name}-{artifact.version}"
        files = in_path_order(signed.statement.files)
        write_export(to, title, lambda folder: self._copy_verified(files, signed.statement, folder), records)
        return artifact

    def signer(self, ref: str) -> PublicKey:
        """The trusted key that signed an artifact; raises ``VerificationError`` when none did."""
        return self.signed(self.get(ref)).signer

    def signed(self, record: Artifact) -> Signed:
        """The envelope and statement of an artifact whose rows and log agree with them; files are not read.

        Raises ``VerificationError`` with the reason.
        """
        sha256 = self.index.envelope(record)
        envelope = self.envelopes.read(sha256)
        payload, signer = envelopes.open_envelope(envelope, self.keys.trusted())
        statement = read_statement(payload)
        verification.check_record(record, self.index.dependencies(record), statement)
        self.log.prove(sha256)
        return Signed(envelope, signer, statement, statement.artifact(record.aliases))

    def _copy_verified(self, files: Sequence[FileEntry], statement: Statement, folder: Path) -> None:
        for file in files:
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        each(lambda file: self._check_blob(file, statement, folder / file.path), files)

    def _check_blob(self, file: FileEntry, statement: Statement, target: Path | None = None) -> None:
        blob = self.blobs.path(file.sha256)
        if not os.path.lexists(blob):
            raise refusal("missing_blob", f"The content of {file.path!r} is gone.", file=file.path)
        verification.check_content(blob, file, statement.files, target)

    def require_blob(self, entry: FileEntry) -> None:
        """See that a file's content is stored, in its size; raises ``InvalidInput`` with code ``not_staged``."""
        path = self.blobs.path(entry.sha256)
        if not path.is_file() or path.stat().st_size != entry.size:
            raise InvalidInput(
                "not_staged", f"{entry.path!r} has not been stored.", "Stage files before publishing them."
            )

    def _output_of(self, reference: Reference, job: str) -> Artifact:
        made = self.index.select("job = ?", [job])
        found = [artifact for artifact in made if reference.name in {"", artifact.name}]
        if not found:
            raise NotFound(
                "artifact_not_found",
                f"There is no artifact {reference}.",
                f"The job made {', '.join(item.name for item in made)}." if made else "The job has made none (yet).",
                ref=str(reference),
            )
        if len(found) > 1:
            raise InvalidInput(
                "ambiguous_artifact",
                f"The job {job} made {len(found)} artifacts.",
                f"Say which: {' or '.join(f'{JOB}{job}/{item.name}' for item in found)}.",
            )
        return found[0]

    def _not_found(self, reference: Reference) -> NotFound:
        versions = [artifact.version for artifact in self.list(name=reference.name, limit=1)]
        if versions:
            hint = f"Its newest version is {reference.name}@{versions[0]}."
        elif close := difflib.get_close_matches(reference.name, self.index.names(), n=3):
            hint = f"Did you mean {' or '.join(close)}?"
        else:
            hint = "See `modelops artifacts list`."
        return NotFound("artifact_not_found", f"There is no artifact {reference}.", hint, ref=str(reference))
