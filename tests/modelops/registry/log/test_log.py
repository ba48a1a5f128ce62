"""The log on disk says what was committed: it catches up after a crash, and never runs ahead."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from modelops.errors import VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, KeyStore, Registry
from modelops.registry.aliases import read_aliases
from modelops.registry.database import migrate, open_database, transaction
from modelops.registry.index import COMPONENT, MIGRATIONS
from modelops.registry.log import merkle
from modelops.registry.log.checkpoints import read_checkpoint
from modelops.registry.log.log import append_entry

Register = Callable[..., Artifact]


def test_every_artifact_is_an_entry_in_order_under_a_signed_checkpoint(registry: Registry, register: Register) -> None:
    envelopes = [hashlib.sha256(registry.attestation(register().ref)).hexdigest() for _ in range(5)]
    assert registry.log.lines() == envelopes
    checkpoint = read_checkpoint(registry.log.checkpoint.read_text(), [registry.keys.own()])
    tree = [merkle.leaf_hash(bytes.fromhex(envelope)) for envelope in envelopes]
    pairs = [merkle.node_hash(tree[0], tree[1]), merkle.node_hash(tree[2], tree[3])]
    assert (checkpoint.size, checkpoint.root) == (5, merkle.node_hash(merkle.node_hash(*pairs), tree[4]))


def test_a_transaction_that_is_rolled_back_leaves_no_entry(registry: Registry, make_folder: Any, build: Any) -> None:
    files = registry.stage(make_folder())
    with pytest.raises(ZeroDivisionError), transaction(registry.database):
        registry.publish(files, name="a", kind="model", metadata={}, build=build)
        raise ZeroDivisionError
    registry.catch_up()
    assert (registry.log.size(), registry.log.lines()) == (0, [])


def test_what_was_committed_and_not_copied_verifies_and_is_copied_at_the_next_opening(
    registry: Registry, make_folder: Any, build: Any
) -> None:
    files = registry.stage(make_folder())
    with transaction(registry.database):
        artifact = registry.publish(files, name="a", kind="model", metadata={}, build=build)
    assert registry.log.lines() == []
    assert registry.verify(artifact.ref) == artifact
    assert Registry(registry.home).log.lines() == [registry.index.envelope(artifact)]


def test_what_a_crash_left_half_written_is_written_over(registry: Registry, register: Register) -> None:
    register()
    with transaction(registry.database):
        registry.database.execute("UPDATE log_state SET published = 0")
    registry.log.entries.write_bytes(b"torn" * 50)
    Registry(registry.home).verify(register().ref)
    assert len(registry.log.lines()) == 2


def test_a_log_that_cannot_be_written_holds_up_nothing_and_is_told(
    registry: Registry, register: Register, caplog: pytest.LogCaptureFixture
) -> None:
    register()
    lock = registry.log.folder / ".lock"
    lock.unlink()
    lock.mkdir()
    second = register()
    assert "behind" in caplog.text
    lock.rmdir()
    assert Registry(registry.home).verify(second.ref) == second


def test_artifacts_of_a_home_without_a_log_become_its_first_entries(home: StateHome, register: Register) -> None:
    made = [register(), register(name="other"), register()]
    earlier = open_database(home)
    for table in ("log_entries", "log_nodes", "log_state"):
        earlier.execute(f"DROP TABLE {table}")
    earlier.execute("UPDATE schema_versions SET version = 1 WHERE component = 'registry'")
    for path in home.log.iterdir():
        path.unlink()
    registry = Registry(home)
    assert registry.log.lines() == [registry.index.envelope(artifact) for artifact in made]
    assert all(registry.verify(artifact.ref) == artifact for artifact in made)


def test_opening_a_home_makes_no_key(home: StateHome, registry: Registry) -> None:
    Registry(home)
    assert not home.keys.exists()


def test_entries_that_an_earlier_release_left_unsigned_are_believed_once_the_key_is_there(
    home: StateHome, register: Register
) -> None:
    register()
    database = open_database(home)
    with transaction(database):
        database.execute("UPDATE log_state SET signed = 0, checkpoint = NULL, published = 0")
    shutil.rmtree(home.log)
    key = KeyStore(home).private
    key.rename(key.with_suffix(".elsewhere"))
    with pytest.raises(VerificationError) as caught:
        Registry(home).verify("support-bot")
    assert caught.value.code == "checkpoint_missing"
    key.with_suffix(".elsewhere").rename(key)
    Registry(home).verify("support-bot")


def test_a_log_shows_that_it_only_grew(registry: Registry, register: Register) -> None:
    roots = {}
    for size in range(1, 6):
        register()
        roots[size] = read_checkpoint(registry.log.checkpoint.read_text(), registry.keys.trusted()).root
    for old in range(1, 6):
        assert merkle.is_consistent(old, 5, roots[old], roots[5], registry.log.prove_growth(old, 5))


def test_appending_to_a_long_log_reads_few_rows(home: StateHome) -> None:
    database = open_database(home)
    migrate(database, COMPONENT, MIGRATIONS)
    with transaction(database):
        for number in range(1023):
            append_entry(database, hashlib.sha256(str(number).encode()).hexdigest())
        statements: list[str] = []
        database.conn.set_trace_callback(statements.append)
        append_entry(database, "0" * 64)
    assert len(statements) < 30


def test_aliases_are_kept_on_disk_too(registry: Registry, register: Register) -> None:
    register()
    register()
    registry.set_alias("support-bot", "production", 1)
    registry.set_alias("support-bot", "production", 2)
    assert read_aliases(registry.log.aliases) == [("support-bot", "production", 2)]


READ = """
import sys
from modelops.registry import Registry
registry = Registry()
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    registry.verify("support-bot@1")
"""


def test_artifacts_verify_while_others_are_published(registry: Registry, register: Register) -> None:
    register(files={"a": b"a"})
    reader = subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "ready\n"
    assert reader.stdin is not None
    reader.stdin.write("go\n")
    reader.stdin.close()
    published = 0
    while reader.poll() is None:
        register(files={"a": b"a"})
        published += 1
    assert reader.returncode == 0
    assert published > 1
