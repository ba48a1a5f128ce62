"""Every way to tamper with the log is refused when an artifact is opened, and each has its own reason."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from modelops.errors import VerificationError
from modelops.registry import REASONS, Artifact, Registry
from modelops.registry.log.log import append_entry
from modelops.registry.upkeep.fsck import fsck
from modelops.registry.upkeep.rebuild import rebuild

REF = "support-bot@1"

Tamper = Callable[[Any], None]
CASES: dict[str, tuple[str, Tamper]] = {}


def refused(code: str) -> Callable[[Tamper], Tamper]:
    """Enter a way to tamper with a log of three entries, ``support-bot@1`` the first, and the reason to refuse it."""

    def enter(tamper: Tamper) -> Tamper:
        CASES[tamper.__name__] = (code, tamper)
        return tamper

    return enter


@refused("not_in_log")
def a_validly_signed_attestation_that_was_never_published(intruder: Any) -> None:
    intruder.edit_statement(
        REF, lambda statement: statement["predicate"]["buildDefinition"]["externalParameters"].update(rank=64)
    )
    digest = hashlib.sha256(intruder.payload(REF)).hexdigest()
    intruder.sql("UPDATE artifacts SET digest = ? WHERE name = 'support-bot' AND version = 1", digest)


@refused("not_in_log")
def its_entry_taken_out_of_the_database(intruder: Any) -> None:
    intruder.sql("DELETE FROM log_entries WHERE position = 0")


@refused("log_edited")
def its_entry_on_disk_edited(intruder: Any) -> None:
    entries = intruder.registry.log.entries
    content = entries.read_bytes()
    entries.write_bytes(bytes([content[0] ^ 1]) + content[1:])


@refused("log_edited")
def two_entries_on_disk_swapped(intruder: Any) -> None:
    one, two, three = intruder.registry.log.lines()
    intruder.registry.log.entries.write_text(f"{two}\n{one}\n{three}\n")


@refused("log_edited")
def another_entry_edited_in_the_database(intruder: Any) -> None:
    intruder.sql("UPDATE log_entries SET envelope = ? WHERE position = 1", "0" * 64)


@refused("log_edited")
def the_hashes_removed_from_the_database(intruder: Any) -> None:
    intruder.sql("DELETE FROM log_nodes")
    intruder.sql("DELETE FROM log_entries WHERE position = 1")


@refused("log_edited")
def a_validly_signed_checkpoint_over_other_entries(intruder: Any) -> None:
    intruder.registry.log.checkpoint.write_text(intruder.checkpoint(3, root=bytes(32)))


@refused("log_truncated")
def the_last_entry_on_disk_cut_off(intruder: Any) -> None:
    entries = intruder.registry.log.entries
    entries.write_bytes(entries.read_bytes()[:-65])


@refused("log_truncated")
def the_log_on_disk_removed(intruder: Any) -> None:
    intruder.registry.log.entries.unlink()


@refused("log_truncated")
def the_last_entry_in_the_database_cut_off(intruder: Any) -> None:
    intruder.sql("DELETE FROM log_entries WHERE position = 2")


@refused("log_truncated")
def the_last_entry_and_its_checkpoint_in_the_database_cut_off(intruder: Any) -> None:
    note = intruder.checkpoint(2)
    intruder.sql("DELETE FROM log_entries WHERE position = 2")
    intruder.sql("UPDATE log_state SET signed = 2, published = 2, checkpoint = ?", note)


@refused("checkpoint_missing")
def the_checkpoint_removed(intruder: Any) -> None:
    intruder.registry.log.checkpoint.unlink()


@refused("checkpoint_missing")
def the_checkpoint_replaced_by_a_folder(intruder: Any) -> None:
    intruder.registry.log.checkpoint.unlink()
    intruder.registry.log.checkpoint.mkdir()


@refused("checkpoint_missing")
def the_checkpoint_replaced_by_a_named_pipe(intruder: Any) -> None:
    intruder.registry.log.checkpoint.unlink()
    os.mkfifo(intruder.registry.log.checkpoint)


@refused("log_truncated")
def the_log_on_disk_replaced_by_a_named_pipe(intruder: Any) -> None:
    intruder.registry.log.entries.unlink()
    os.mkfifo(intruder.registry.log.entries)


@refused("checkpoint_missing")
def the_checkpoint_removed_from_the_database(intruder: Any) -> None:
    intruder.sql("UPDATE log_state SET checkpoint = NULL")


@refused("checkpoint_forged")
def a_checkpoint_that_nobody_signed(intruder: Any) -> None:
    checkpoint = intruder.registry.log.checkpoint
    checkpoint.write_text(checkpoint.read_text().replace("\n3\n", "\n2\n"))


@refused("checkpoint_forged")
def a_checkpoint_of_an_unknown_key(intruder: Any) -> None:
    intruder.registry.log.checkpoint.write_text(intruder.checkpoint(3, key=SigningKey.generate()))


@refused("checkpoint_forged")
def a_checkpoint_of_an_unknown_key_in_the_database_and_on_disk(intruder: Any) -> None:
    note = intruder.checkpoint(3, key=SigningKey.generate())
    intruder.registry.log.checkpoint.write_text(note)
    intruder.sql("UPDATE log_state SET checkpoint = ?", note)


@refused("checkpoint_rolled_back")
def an_earlier_checkpoint_put_back(intruder: Any) -> None:
    intruder.registry.log.checkpoint.write_text(intruder.checkpoint(2))


@refused("checkpoint_rolled_back")
def an_earlier_log_put_back(intruder: Any) -> None:
    an_earlier_checkpoint_put_back(intruder)
    the_last_entry_on_disk_cut_off(intruder)


@pytest.mark.parametrize("name", CASES)
def test_refused(
    name: str, registry: Registry, register: Callable[..., Artifact], intruder: Any, tmp_path: Path
) -> None:
    for _ in range(3):
        register()
    code, tamper = CASES[name]
    registry.verify(REF)
    tamper(intruder)
    for way_in in (
        lambda: registry.verify(REF),
        lambda: registry.verified_open(REF),
        lambda: registry.export(REF, tmp_path / "export"),
    ):
        with pytest.raises(VerificationError) as caught:
            way_in()
        assert caught.value.code == code
        assert caught.value.hint
    assert not any(registry.home.scratch.glob("private-*"))


def _rewritten(intruder: Any, change: Callable[[list[str]], list[str]]) -> None:
    """Replace the log in the database by another, hashes and all."""
    entries = change(intruder.registry.log.lines())
    intruder.sql("DELETE FROM log_nodes")
    intruder.sql("DELETE FROM log_entries")
    for entry in entries:
        append_entry(intruder.registry.database, entry)


@pytest.mark.parametrize(
    "change",
    [
        lambda entries: [entries[1], entries[0], entries[2]],
        lambda entries: [*entries[:2], "0" * 64],
        lambda entries: [*entries, "0" * 64],
    ],
    ids=["two entries swapped", "the last one replaced", "one added"],
)
def test_nothing_is_signed_over_a_log_that_was_rewritten(
    registry: Registry, register: Callable[..., Artifact], intruder: Any, change: Any
) -> None:
    for _ in range(3):
        register()
    note = registry.log.checkpoint.read_text()
    _rewritten(intruder, change)
    Registry(registry.home)
    with pytest.raises(VerificationError) as caught:
        register()
    assert caught.value.code == "log_edited"
    assert "fsck" in caught.value.hint
    assert registry.log.checkpoint.read_text() == note
    assert "log_edited" in {finding.code for finding in fsck(registry.home).findings}
    registry.database.conn.close()
    rebuild(registry.home)
    assert fsck(registry.home).findings == ()


def test_every_reason_that_concerns_the_log_is_the_outcome_of_some_tampering() -> None:
    assert {code for code, _ in CASES.values()} == {code for code in REASONS if "log" in code or "checkpoint" in code}
