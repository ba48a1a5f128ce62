"""fsck finds whatever is wrong, gc removes what nothing names, rebuild makes the database again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kept_registries import build, closed, folder_named, found

from modelops.errors import Conflict, Unavailable, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry, import_export
from modelops.registry.database import open_database, transaction
from modelops.registry.scratch import ScratchFolder
from modelops.registry.upkeep.fsck import fsck
from modelops.registry.upkeep.gc import collect_garbage, find_garbage
from modelops.registry.upkeep.rebuild import rebuild

REF = "support-bot@1"
WEIGHTS = "adapter_model.safetensors"


@pytest.fixture
def made(registry: Registry, register: Callable[..., Artifact]) -> list[Artifact]:
    """Five artifacts and two aliases."""
    artifacts = [register(), register(), register(name="other", files={"a": b"a"}, invocation="job-1")]
    artifacts.append(register(dependencies=(artifacts[0].as_dependency("base_model"),)))
    artifacts.append(register(byproducts=registry.stage(_folder(registry, {"output.ipynb": b"{}"}))))
    registry.set_alias("support-bot", "production", 1)
    registry.set_alias("support-bot", "production", 2)
    registry.set_alias("other", "best", 1)
    return [registry.get(artifact.ref) for artifact in artifacts]


def _folder(registry: Registry, files: dict[str, bytes]) -> Path:
    folder = registry.home.root / "folder"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


# --- fsck ---


def test_a_sound_registry_has_no_findings(home: StateHome, made: list[Artifact]) -> None:
    report = fsck(home, read_data=True)
    assert report.findings == ()
    assert (report.artifacts, report.entries, report.files) == (5, 5, 5)
    assert report.bytes_read > 10_000


def test_an_empty_home_is_sound(home: StateHome) -> None:
    assert fsck(home).findings == ()


FINDINGS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "a_blob_removed": ("missing_blob", lambda intruder: intruder.blob(REF, WEIGHTS).unlink()),
    "a_blob_cut": ("size_mismatch", lambda intruder: intruder.blob(REF, WEIGHTS).write_bytes(b"x")),
    "a_blob_linked": ("not_a_regular_file", lambda intruder: _linked(intruder.blob(REF, WEIGHTS))),
    "an_envelope_removed": ("envelope_missing", lambda intruder: intruder.envelope(REF).unlink()),
    "an_envelope_edited": ("envelope_changed", lambda intruder: intruder.envelope(REF).write_bytes(b"{}")),
    "a_row_edited": ("record_mismatch", lambda intruder: intruder.sql("UPDATE artifacts SET metadata = '{}'")),
    "a_row_removed": ("artifact_missing", lambda intruder: intruder.sql("DELETE FROM artifacts WHERE name = 'other'")),
    "an_entry_removed": ("not_in_log", lambda intruder: intruder.sql("DELETE FROM log_entries WHERE position = 2")),
    "the_last_entry_removed": ("database_corrupt", lambda i: i.sql("DELETE FROM log_entries WHERE position = 4")),
    "the_first_entry_removed": ("log_edited", lambda i: i.sql("DELETE FROM log_entries WHERE position = 0")),
    "a_hash_edited": ("log_edited", lambda i: i.sql("UPDATE log_nodes SET hash = ? WHERE level = 2", bytes(32))),
    "a_hash_removed": ("log_edited", lambda intruder: intruder.sql("DELETE FROM log_nodes WHERE level = 2")),
    "the_log_cut": ("log_truncated", lambda intruder: os.truncate(intruder.registry.log.entries, 4 * 65)),
    "the_log_removed": ("log_truncated", lambda intruder: intruder.registry.log.entries.unlink()),
    "the_log_lengthened": ("log_edited", lambda i: i.registry.log.entries.open("a").write(f"{'0' * 64}\n")),
    "the_log_edited": ("log_edited", lambda i: i.registry.log.entries.open("r+").write("0" * 64)),
    "a_checkpoint_removed": ("checkpoint_missing", lambda intruder: intruder.registry.log.checkpoint.unlink()),
    "a_checkpoint_forged": ("checkpoint_forged", lambda i: i.registry.log.checkpoint.write_text("forged")),
    "a_checkpoint_put_back": (
        "checkpoint_rolled_back",
        lambda intruder: intruder.registry.log.checkpoint.write_text(intruder.checkpoint(3)),
    ),
    "a_key_shown": ("private_key_exposed", lambda intruder: intruder.registry.keys.private.chmod(0o644)),
    "a_trusted_key_broken": ("malformed_key", lambda intruder: _trust(intruder.registry, b"no key")),
    "aliases_edited": ("aliases_differ", lambda intruder: intruder.registry.log.aliases.write_text("[]")),
    "aliases_lost": ("aliases_differ", lambda intruder: intruder.registry.log.aliases.unlink()),
}


def _linked(blob: Path) -> None:
    blob.symlink_to(blob.rename(blob.with_suffix(".moved")))


def _trust(registry: Registry, pem: bytes) -> None:
    registry.keys.trusted_folder.mkdir()
    (registry.keys.trusted_folder / "stranger.pem").write_bytes(pem)


@pytest.mark.parametrize("name", FINDINGS)
@pytest.mark.usefixtures("made")
def test_fsck_finds(name: str, home: StateHome, intruder: Any) -> None:
    code, damage = FINDINGS[name]
    damage(intruder)
    report = fsck(home)
    assert code in found(report)
    assert all(finding.mend and finding.message for finding in report.findings)


@pytest.mark.usefixtures("made")
def test_only_reading_finds_a_bit_that_flipped(home: StateHome, intruder: Any) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    content = bytearray(blob.read_bytes())
    content[500] ^= 1
    blob.write_bytes(content)
    assert fsck(home).findings == ()
    assert found(fsck(home, read_data=True)) == {"digest_mismatch"}


@pytest.mark.usefixtures("made")
def test_leftovers_are_told_and_are_no_problem(home: StateHome) -> None:
    (home.scratch / "private-dead").mkdir(parents=True)
    report = fsck(home)
    assert report.problems == ()
    assert [(finding.code, finding.severity) for finding in report.findings] == [("leftovers", "leftover")]


@pytest.mark.usefixtures("made")
def test_a_log_that_cannot_be_written_is_found(home: StateHome, registry: Registry) -> None:
    registry.log.aliases.unlink()
    registry.log.aliases.mkdir()
    registry.set_alias("other", "best", 1)
    assert "log_behind" in found(fsck(home))


@pytest.mark.usefixtures("made")
def test_damage_in_a_large_database_is_found_by_reading_all_of_it(home: StateHome, registry: Registry) -> None:
    with transaction(registry.database):
        registry.database.execute("CREATE TABLE jobs (name TEXT)")
        registry.database.conn.executemany("INSERT INTO jobs VALUES (?)", [["x" * 1000]] * 2000)
    registry.database.conn.close()
    with home.database.open("r+b") as stream:
        stream.seek(home.database.stat().st_size // 2 // 4096 * 4096)
        stream.write(os.urandom(4096))
    assert found(fsck(home)) == {"database_corrupt"}


def test_a_home_of_a_newer_release_cannot_be_told(home: StateHome, registry: Registry) -> None:
    registry.database.execute("UPDATE schema_versions SET version = 99")
    with pytest.raises(Conflict):
        fsck(home)


# --- gc ---


def test_gc_finds_what_nothing_names_and_removes_it_only_when_told(registry: Registry, made: list[Artifact]) -> None:
    registry.stage(folder_named(registry, "never-published", b"never published"))
    orphan = registry.envelopes.add(b"{}")
    temporary = registry.home.blobs / "sha256" / ".0123.tmp"
    temporary.write_bytes(b"half")
    expected = {("blob", 15), ("envelope", 2), ("temporary", 4)}
    assert {(item.kind, item.size) for item in collect_garbage(registry, grace=0)} == expected
    assert temporary.exists()
    assert {(item.kind, item.size) for item in collect_garbage(registry, grace=0, delete=True)} == expected
    assert collect_garbage(registry, grace=0) == []
    assert not temporary.exists()
    assert not registry.envelopes.path(orphan).exists()
    assert fsck(registry.home, read_data=True).findings == ()


def test_gc_leaves_alone_what_is_younger_than_the_grace_period(registry: Registry, made: list[Artifact]) -> None:
    registry.stage(folder_named(registry, "new", b"new"))
    assert find_garbage(registry) == []
    assert len(find_garbage(registry, grace=0)) == 1


def test_a_file_that_is_linked_in_is_as_young_as_its_link(registry: Registry, made: list[Artifact]) -> None:
    folder = folder_named(registry, "old", b"old")
    os.utime(folder / "file", (1, 1))
    (registry.home.blobs / "sha256/zz").mkdir()
    os.link(folder / "file", registry.home.blobs / "sha256/zz/old")
    assert find_garbage(registry, grace=60) == []
    assert [item.size for item in find_garbage(registry, grace=0)] == [3]


def test_gc_removes_the_scratch_of_the_dead_and_not_of_the_living(registry: Registry, made: list[Artifact]) -> None:
    living = ScratchFolder(registry.home)
    dead = registry.home.scratch / "private-dead"
    (dead / "files").mkdir(parents=True)
    (dead / "files/weights").write_bytes(b"weights")
    assert [(item.kind, item.size) for item in collect_garbage(registry, delete=True)] == [("scratch", 7)]
    assert not dead.exists()
    assert living.path.exists()
    living.remove()


@pytest.mark.usefixtures("made")
def test_gc_refuses_while_rows_are_missing(registry: Registry, intruder: Any) -> None:
    intruder.sql("DELETE FROM artifacts WHERE name = 'other'")
    with pytest.raises(Conflict) as caught:
        collect_garbage(registry, grace=0, delete=True)
    assert caught.value.code == "registry_damaged"


@pytest.mark.usefixtures("made")
def test_gc_refuses_while_the_log_is_not_whole(registry: Registry) -> None:
    registry.log.checkpoint.unlink()
    with pytest.raises(VerificationError):
        collect_garbage(registry, grace=0, delete=True)


IMPORT = """
import sys
from pathlib import Path
from modelops.paths import StateHome
from modelops.registry import Registry, import_export

for source in sys.argv[2:]:
    import_export(Registry(StateHome(Path(sys.argv[1]))), Path(source))
"""

REGISTER = """
import os, sys
from pathlib import Path
from modelops.registry import Build, Registry
registry, folder = Registry(), Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for number in range(15):
    (folder / "weights").write_bytes(f"{os.getpid()} {number}".encode())
    registry.register(folder, name="bot", kind="model", metadata={}, build=Build("job", {}, ()))
"""


def test_gc_without_grace_takes_nothing_from_registrations_that_run(home: StateHome, tmp_path: Path) -> None:
    processes = []
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "the same in all").write_bytes(b"the same in all")
        command = [sys.executable, "-c", REGISTER, str(folder)]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.close()
    registry, collections = Registry(home), 0
    while any(process.poll() is None for process in processes):
        collect_garbage(registry, grace=0, delete=True)
        assert fsck(home).findings == (), "what is published meanwhile is no problem"
        collections += 1
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert collections > 3
    report = fsck(home, read_data=True)
    assert (report.findings, report.artifacts) == ((), 45)


def test_gc_without_grace_takes_nothing_from_imports_that_run(
    registry: Registry, made: list[Artifact], tmp_path: Path
) -> None:
    sources = [tmp_path / str(number) for number in range(len(made))]
    for artifact, source in zip(made, sources, strict=True):
        registry.export(artifact.ref, source)
    receiver = Registry(StateHome(tmp_path / "receiver"))
    receiver.keys.trust(registry.keys.own())
    command = [sys.executable, "-c", IMPORT, str(receiver.home.root), *map(str, sources)]
    process, collections = subprocess.Popen(command), 0
    while process.poll() is None:
        collect_garbage(receiver, grace=0, delete=True)
        collections += 1
    assert (process.returncode, collections > 3) == (0, True)
    report = fsck(receiver.home, read_data=True)
    assert (report.findings, report.artifacts) == ((), len(made))


# --- rebuild ---


def test_a_lost_database_is_made_again_with_everything_that_was_in_it(registry: Registry, made: list[Artifact]) -> None:
    before = {artifact.ref: registry.lineage(artifact.ref) for artifact in made}
    home = closed(registry)
    home.database.unlink()
    result = rebuild(home)
    assert (result.artifacts, result.aliases, result.kept, result.problems) == (5, 2, None, ())
    again = Registry(home)
    assert {artifact.ref: again.lineage(artifact.ref) for artifact in made} == before
    assert again.get("support-bot@production").version == 2
    assert [again.verify(artifact.ref) for artifact in made] == made
    assert fsck(home, read_data=True).findings == ()


def test_imported_artifacts_are_sound_and_made_again_without_the_records_that_were_not_exported(
    registry: Registry, made: list[Artifact], tmp_path: Path
) -> None:
    receiver = Registry(StateHome(tmp_path / "receiver"))
    for artifact in made:
        registry.export(artifact.ref, tmp_path / artifact.digest)
        import_export(receiver, tmp_path / artifact.digest, key=registry.keys.own(), trust=True)
    assert fsck(receiver.home, read_data=True).findings == ()
    home = closed(receiver)
    home.database.unlink()
    result = rebuild(home)
    assert (result.artifacts, result.entries, result.problems) == (5, 5, ())
    assert fsck(home, read_data=True).findings == ()
    again = Registry(home)
    assert [again.verify(artifact.ref).digest for artifact in made] == [artifact.digest for artifact in made]


@pytest.mark.usefixtures("made")
def test_a_garbled_database_is_kept_beside_the_new_one(registry: Registry) -> None:
    home = closed(registry)
    home.database.write_bytes(b"garbage" * 1000)
    assert rebuild(home).kept == home.root / "modelops.db.broken-1"
    home.database.write_bytes(b"more garbage" * 1000)
    result = rebuild(home)
    assert result.kept == home.root / "modelops.db.broken-2"
    assert result.kept.read_bytes() == b"more garbage" * 1000
    assert fsck(home).findings == ()


@pytest.mark.usefixtures("made")
def test_what_others_have_in_a_sound_database_is_carried_over(registry: Registry) -> None:
    registry.database.execute("CREATE TABLE jobs (id TEXT)")
    registry.database.execute("INSERT INTO jobs VALUES ('job-1')")
    registry.database.execute("INSERT INTO schema_versions VALUES ('jobs', 1)")
    home = closed(registry)
    assert rebuild(home).carried_over
    database = open_database(home)
    assert database.execute("SELECT id FROM jobs").fetchall() == [("job-1",)]
    assert ("jobs", 1) in database.execute("SELECT * FROM schema_versions").fetchall()


@pytest.mark.usefixtures("made")
def test_others_restore_their_tables_themselves_where_the_old_database_is_damaged(registry: Registry) -> None:
    home = closed(registry)
    home.database.write_bytes(b"garbage" * 1000)
    rebuild(home, restorers=[lambda database, home: database.execute("CREATE TABLE jobs (id TEXT)")])
    assert open_database(home)["jobs"].exists()


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (code, _) in FINDINGS.items()
        if "log" in code or "checkpoint" in code or code[:3] in {"art", "dat"}
    ],
)
@pytest.mark.usefixtures("made")
def test_rebuild_mends_a_log_that_was_tampered_with(name: str, registry: Registry, intruder: Any) -> None:
    FINDINGS[name][1](intruder)
    home = closed(registry)
    assert rebuild(home).problems == ()
    assert (fsck(home).findings, fsck(home).entries) == ((), 5)


@pytest.mark.usefixtures("made")
def test_rebuild_mends_rows_that_were_edited(registry: Registry, intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET metadata = '{}'")
    intruder.sql("DELETE FROM artifact_files WHERE path = ?", WEIGHTS)
    home = closed(registry)
    rebuild(home)
    assert fsck(home).findings == ()


def test_a_registration_that_never_committed_is_not_restored(registry: Registry, made: list[Artifact]) -> None:
    with pytest.raises(ZeroDivisionError), transaction(registry.database):
        registry.publish(made[0].files, name="never", kind="model", metadata={}, build=build())
        raise ZeroDivisionError
    home = closed(registry)
    home.database.unlink()
    assert rebuild(home).artifacts == 5


@pytest.mark.usefixtures("made")
def test_without_database_and_log_nothing_is_guessed(registry: Registry) -> None:
    home = closed(registry)
    home.database.unlink()
    os.truncate(registry.log.entries, 3 * 65)
    with pytest.raises(Unavailable) as caught:
        rebuild(home)
    assert caught.value.code == "log_unconfirmed"
    assert len(registry.log.lines()) == 3
    assert rebuild(home, from_envelopes=True).artifacts == 5
    assert fsck(home).findings == ()


@pytest.mark.usefixtures("made")
def test_a_home_of_an_earlier_release_that_lost_its_database_is_rebuilt_from_its_envelopes(registry: Registry) -> None:
    home = closed(registry)
    home.database.unlink()
    shutil.rmtree(home.log)
    assert rebuild(home).artifacts == 5
    assert fsck(home).findings == ()


@pytest.mark.usefixtures("made")
def test_an_envelope_that_is_gone_is_told_and_the_rest_restored(registry: Registry, intruder: Any) -> None:
    intruder.envelope("other").unlink()
    home = closed(registry)
    home.database.unlink()
    result = rebuild(home)
    assert (result.artifacts, [problem.code for problem in result.problems]) == (4, ["envelope_missing"])
    assert found(fsck(home)) == {"artifact_missing"}


HOLD = "from modelops.registry import Registry; r = Registry(); r.list(); print('ready', flush=True); input()"


@pytest.mark.usefixtures("made")
def test_a_database_that_others_have_open_is_left_alone(registry: Registry) -> None:
    home = closed(registry)
    holder = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    with pytest.raises(Unavailable) as caught:
        rebuild(home)
    assert caught.value.code == "database_in_use"
    holder.communicate("\n")
    rebuild(home)
    assert [path.name for path in home.root.glob("*.tmp")] == []
