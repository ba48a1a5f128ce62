"""Every way to tamper with a stored artifact is refused, and each has its own reason."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from modelops.errors import VerificationError
from modelops.registry import REASONS, Artifact, Registry
from modelops.registry.canonical import canonical

REF = "support-bot@1"
WEIGHTS = "adapter_model.safetensors"
SETTINGS = "adapter_config.json"
FILE_ROW = "artifact = (SELECT id FROM artifacts WHERE name = 'support-bot' AND version = 1) AND path ="

Tamper = Callable[[Any], None]
CASES: dict[str, tuple[str, Tamper]] = {}


def refused(code: str) -> Callable[[Tamper], Tamper]:
    """Enter a way to tamper with ``support-bot@1`` into the table, with the reason it must be refused for."""

    def enter(tamper: Tamper) -> Tamper:
        CASES[tamper.__name__] = (code, tamper)
        return tamper

    return enter


# --- Files ---


@refused("digest_mismatch")
def a_bit_flipped_in_a_blob(intruder: Any) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    content = bytearray(blob.read_bytes())
    content[5000] ^= 1
    blob.write_bytes(content)


@refused("size_mismatch")
def a_byte_cut_off(intruder: Any) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    blob.write_bytes(blob.read_bytes()[:-1])


@refused("size_mismatch")
def a_byte_added(intruder: Any) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    blob.write_bytes(blob.read_bytes() + b"\0")


@refused("size_mismatch")
def a_blob_emptied(intruder: Any) -> None:
    intruder.blob(REF, WEIGHTS).write_bytes(b"")


@refused("file_renamed")
def two_blobs_exchanged(intruder: Any) -> None:
    one, other = intruder.blob(REF, WEIGHTS), intruder.blob(REF, SETTINGS)
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


@refused("missing_blob")
def a_blob_removed(intruder: Any) -> None:
    intruder.blob(REF, WEIGHTS).unlink()


@refused("not_a_regular_file")
def a_blob_replaced_by_a_link_to_the_same_content(intruder: Any) -> None:
    blob: Path = intruder.blob(REF, WEIGHTS)
    blob.symlink_to(blob.rename(blob.with_suffix(".moved")))


@refused("not_a_regular_file")
def a_blob_replaced_by_a_dangling_link(intruder: Any) -> None:
    blob: Path = intruder.blob(REF, WEIGHTS)
    blob.unlink()
    blob.symlink_to("/nowhere")


@refused("not_a_regular_file")
def a_blob_replaced_by_a_folder(intruder: Any) -> None:
    blob: Path = intruder.blob(REF, WEIGHTS)
    blob.unlink()
    blob.mkdir()


@refused("not_a_regular_file")
def a_blob_replaced_by_a_named_pipe(intruder: Any) -> None:
    blob: Path = intruder.blob(REF, WEIGHTS)
    blob.unlink()
    os.mkfifo(blob)


# --- Rows ---


@refused("file_mismatch")
def a_file_and_its_row_replaced_together(intruder: Any) -> None:
    evil = intruder.registry.home.root / "evil"
    evil.write_bytes(b"evil weights")
    sha256, size = intruder.registry.blobs.add(evil)
    intruder.sql(f"UPDATE artifact_files SET sha256 = ?, size = ? WHERE {FILE_ROW} ?", sha256, size, WEIGHTS)


@refused("bad_signature")
def a_file_its_row_and_the_manifest_replaced(intruder: Any) -> None:
    old = intruder.registry.get(REF)
    a_file_and_its_row_replaced_together(intruder)
    new = intruder.registry.get(REF)
    payload = intruder.payload(REF)
    for before, after in zip(old.files, new.files, strict=True):
        payload = payload.replace(before.sha256.encode(), after.sha256.encode())
        payload = payload.replace(b'"size":%d}' % before.size, b'"size":%d}' % after.size)
    intruder.edit_envelope(REF, lambda envelope: envelope.update(payload=base64.b64encode(payload).decode()))


@refused("unexpected_file")
def an_extra_file_beside_the_weights(intruder: Any) -> None:
    extra = intruder.registry.home.root / "extra"
    extra.write_bytes(b"import os")
    sha256, size = intruder.registry.blobs.add(extra)
    intruder.sql(
        "INSERT INTO artifact_files SELECT id, 'file', 'setup.py', ?, ? FROM artifacts WHERE name = 'support-bot'",
        sha256,
        size,
    )


@refused("missing_file")
def a_file_removed(intruder: Any) -> None:
    intruder.sql(f"DELETE FROM artifact_files WHERE {FILE_ROW} ?", SETTINGS)


@refused("missing_file")
def all_files_removed(intruder: Any) -> None:
    intruder.sql("DELETE FROM artifact_files")


@refused("file_renamed")
def two_files_names_swapped(intruder: Any) -> None:
    for before, after in ((WEIGHTS, "aside"), (SETTINGS, WEIGHTS), ("aside", SETTINGS)):
        intruder.sql(f"UPDATE artifact_files SET path = ? WHERE {FILE_ROW} ?", after, before)


@refused("wrong_artifact")
def two_artifacts_envelopes_swapped(intruder: Any) -> None:
    intruder.sql(
        "UPDATE artifacts SET envelope = CASE WHEN name = 'support-bot'"
        " THEN (SELECT envelope FROM artifacts WHERE name = 'other')"
        " ELSE (SELECT envelope FROM artifacts WHERE name = 'support-bot' AND version = 1) END"
    )


@refused("wrong_artifact")
def another_version_of_itself_put_in_its_place(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET version = version + 10")
    intruder.sql("UPDATE artifacts SET version = 1 WHERE name = 'support-bot' AND version = 12")


@refused("wrong_artifact")
def an_adapter_that_becomes_a_model(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET kind = 'model'")


@refused("record_mismatch")
def metadata_edited(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET metadata = replace(metadata, '2.25', '0.01')")


@refused("record_mismatch")
def metadata_that_is_no_json(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET metadata = '{'")


@refused("record_mismatch")
def metadata_that_is_deeper_than_the_stack(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET metadata = ?", "[" * 100_000)


@refused("record_mismatch")
def the_time_moved(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET created = '2020-01-01T00:00:00.000Z'")


@refused("record_mismatch")
def another_job_given_the_credit(intruder: Any) -> None:
    intruder.sql("UPDATE artifacts SET job = 'job-2'")


@refused("record_mismatch")
def a_dependency_removed_from_its_lineage(intruder: Any) -> None:
    intruder.sql("DELETE FROM artifact_dependencies")


# --- Envelopes ---


@refused("envelope_missing")
def the_envelope_removed(intruder: Any) -> None:
    intruder.envelope(REF).unlink()


@refused("envelope_changed")
def the_envelopes_file_overwritten_by_anothers(intruder: Any) -> None:
    intruder.envelope(REF).write_bytes(intruder.envelope("other").read_bytes())


@refused("bad_signature")
def the_payload_altered(intruder: Any) -> None:
    payload = intruder.payload(REF).replace(b'"rank":16', b'"rank":64')
    intruder.edit_envelope(REF, lambda envelope: envelope.update(payload=base64.b64encode(payload).decode()))


@refused("wrong_payload_type")
def the_payload_type_altered(intruder: Any) -> None:
    intruder.edit_envelope(REF, lambda envelope: envelope.update(payloadType="application/json"))


@refused("bad_signature")
def the_signature_altered(intruder: Any) -> None:
    zeros = base64.b64encode(bytes(64)).decode()
    intruder.edit_envelope(REF, lambda envelope: envelope["signatures"][0].update(sig=zeros))


@refused("bad_signature")
def the_signature_shortened(intruder: Any) -> None:
    intruder.edit_envelope(REF, lambda envelope: envelope["signatures"][0].update(sig=""))


@refused("unsigned")
def the_signatures_removed(intruder: Any) -> None:
    intruder.edit_envelope(REF, lambda envelope: envelope.update(signatures=[]))


@refused("unknown_key")
def signed_by_an_unknown_key(intruder: Any) -> None:
    intruder.sign(REF, intruder.payload(REF), SigningKey.generate())


@refused("bad_signature")
def signed_by_an_unknown_key_under_a_trusted_keys_id(intruder: Any) -> None:
    trusted = intruder.registry.keys.own().fingerprint
    signed_by_an_unknown_key(intruder)
    intruder.edit_envelope(REF, lambda envelope: envelope["signatures"][0].update(keyid=trusted))


@refused("malformed_envelope")
def the_envelope_written_in_other_bytes(intruder: Any) -> None:
    intruder.replace_envelope(REF, json.dumps(json.loads(intruder.registry.attestation(REF)), indent=1).encode())


@refused("malformed_envelope")
def a_second_payload_in_the_envelope(intruder: Any) -> None:
    intruder.replace_envelope(REF, intruder.registry.attestation(REF)[:-1] + b',"payload":""}')


@refused("malformed_envelope")
def an_envelope_that_is_no_json(intruder: Any) -> None:
    intruder.replace_envelope(REF, b"\xff\xfe")


@refused("malformed_envelope")
def an_envelope_that_is_deeper_than_the_stack(intruder: Any) -> None:
    intruder.replace_envelope(REF, b"[" * 100_000)


@refused("malformed_envelope")
def a_key_id_that_would_steer_a_terminal(intruder: Any) -> None:
    intruder.edit_envelope(REF, lambda envelope: envelope["signatures"][0].update(keyid="\x1b[2J"))


# --- Statements that are validly signed, as if somebody had the key for a moment ---


@refused("duplicate_key")
def a_key_twice_in_the_statement(intruder: Any) -> None:
    payload = intruder.payload(REF)
    intruder.sign(REF, b'{"_type":"https://in-toto.io/Statement/v0.1",' + payload[1:])


@refused("not_canonical")
def the_same_statement_in_other_bytes(intruder: Any) -> None:
    intruder.sign(REF, json.dumps(json.loads(intruder.payload(REF))).encode())


@refused("not_canonical")
def a_statement_with_a_float(intruder: Any) -> None:
    intruder.edit_statement(
        REF, lambda statement: statement["predicate"]["buildDefinition"]["externalParameters"].update(rank=0.5)
    )


@refused("malformed_statement")
def a_statement_that_is_not_a_number(intruder: Any) -> None:
    intruder.sign(REF, intruder.payload(REF).replace(b'"rank":16', b'"rank":NaN'))


@refused("malformed_statement")
def a_statement_that_is_a_list(intruder: Any) -> None:
    intruder.sign(REF, b"[]")


@refused("malformed_statement")
def a_statement_that_is_deeper_than_the_stack(intruder: Any) -> None:
    intruder.sign(REF, b"[" * 100_000)


@refused("malformed_statement")
def a_statement_that_is_deeper_than_can_be_signed(intruder: Any) -> None:
    deep = b'"rank":' + b"[" * 300 + b"]" * 300
    intruder.sign(REF, intruder.payload(REF).replace(b'"rank":16', deep))


@refused("malformed_statement")
def a_statement_without_subjects(intruder: Any) -> None:
    intruder.edit_statement(REF, lambda statement: statement.pop("subject"))


@refused("malformed_statement")
def a_version_that_is_text(intruder: Any) -> None:
    intruder.edit_statement(
        REF, lambda document: document["predicate"]["runDetails"]["metadata"]["modelops_artifact"].update(version="1")
    )


@refused("malformed_statement")
def a_digest_that_is_a_path(intruder: Any) -> None:
    intruder.edit_statement(REF, lambda document: document["subject"][0]["digest"].update(sha256="../../etc/passwd"))


@refused("unknown_predicate_type")
def another_predicate_type(intruder: Any) -> None:
    intruder.edit_statement(REF, lambda statement: statement.update(predicateType="https://slsa.dev/provenance/v0.2"))


@refused("unknown_statement_type")
def another_statement_type(intruder: Any) -> None:
    intruder.edit_statement(REF, lambda statement: statement.update(_type="https://in-toto.io/Statement/v0.1"))


def _rename_signed_file(intruder: Any, name: str) -> None:
    intruder.edit_statement(REF, lambda statement: statement["subject"][0].update(name=name))
    intruder.sql(f"UPDATE artifact_files SET path = ? WHERE {FILE_ROW} ?", name, SETTINGS)


@refused("unsafe_path")
def a_signed_path_that_leads_out(intruder: Any) -> None:
    _rename_signed_file(intruder, "../../.bashrc")


@refused("unsafe_path")
def a_signed_path_that_is_absolute(intruder: Any) -> None:
    _rename_signed_file(intruder, "/etc/cron.d/job")


@refused("name_collision")
def signed_names_that_collide_by_case(intruder: Any) -> None:
    _rename_signed_file(intruder, WEIGHTS.upper())


@refused("name_collision")
def signed_names_that_collide_by_unicode_form(intruder: Any) -> None:
    _rename_signed_file(intruder, WEIGHTS.replace("a", "\uff41"))


@refused("name_collision")
def signed_names_where_one_is_the_others_folder(intruder: Any) -> None:
    _rename_signed_file(intruder, "docs")


@pytest.fixture
def others(register: Callable[..., Artifact], adapter: Artifact) -> None:
    """More artifacts, for tampering that mixes two up."""
    register(name="other", files={"other.txt": b"other"})
    register()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("others")
def test_refused(name: str, registry: Registry, intruder: Any, tmp_path: Path) -> None:
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
    assert not any(tmp_path.glob("*export*"))


OF_EXPORTS = {"uncertified_key", "bundle_mismatch"}
"""Reasons that only an exported folder can be refused for; ``test_oms`` brings them about."""


def test_every_reason_is_the_outcome_of_some_tampering() -> None:
    of_the_log = {code for code in REASONS if "log" in code or "checkpoint" in code}  # see test_log_tampering
    assert {code for code, _ in CASES.values()} == set(REASONS) - of_the_log - OF_EXPORTS


def test_every_reason_is_documented(pytestconfig: pytest.Config) -> None:
    text = (pytestconfig.rootpath / "docs/verify-without-us.md").read_text(encoding="utf-8")
    documented = {
        line.split("`")[1]: line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| `")
    }
    assert {code: documented.get(code) for code in REASONS} == REASONS


def test_a_file_replaced_after_verification_does_not_reach_the_loader(
    registry: Registry, adapter: Artifact, intruder: Any
) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    good = blob.read_bytes()
    with registry.verified_open(REF) as opened:
        blob.write_bytes(b"evil")
        assert (opened.path / WEIGHTS).read_bytes() == good


def test_a_file_replaced_while_it_is_copied_is_loaded_as_it_was_signed_or_not_at_all(
    registry: Registry, adapter: Artifact, intruder: Any
) -> None:
    blob = intruder.blob(REF, WEIGHTS)
    good = blob.read_bytes()
    ended = threading.Event()

    def replace() -> None:
        while not ended.is_set():
            for content in (good[::-1], good):
                with blob.open("r+b") as stream:
                    stream.write(content)

    writer = threading.Thread(target=replace)
    writer.start()
    outcomes: set[bytes | str] = set()
    try:
        for _ in range(200):
            try:
                with registry.verified_open(REF) as opened:
                    outcomes.add((opened.path / WEIGHTS).read_bytes())
            except VerificationError as error:
                outcomes.add(error.code)
    finally:
        ended.set()
        writer.join()
    assert outcomes <= {good, "digest_mismatch"}


def test_listing_survives_a_row_that_somebody_broke(registry: Registry, adapter: Artifact, intruder: Any) -> None:
    metadata_that_is_no_json(intruder)
    assert [artifact.ref for artifact in registry.list()] == [REF]


def test_a_trusted_key_of_another_home_is_accepted_and_only_while_it_is_trusted(
    registry: Registry, adapter: Artifact, intruder: Any
) -> None:
    from modelops.registry import PublicKey

    stranger = SigningKey.generate()
    intruder.sign(REF, intruder.payload(REF), stranger)
    registry.keys.trusted_folder.mkdir()
    trusted = registry.keys.trusted_folder / "stranger.pem"
    trusted.write_bytes(PublicKey(bytes(stranger.verify_key)).pem())
    intruder.enter_in_log(REF)
    assert registry.verify(REF) == adapter
    trusted.unlink()
    with pytest.raises(VerificationError):
        registry.verify(REF)


def test_the_key_id_is_a_hint_that_decides_nothing(registry: Registry, adapter: Artifact, intruder: Any) -> None:
    intruder.edit_envelope(REF, lambda envelope: envelope["signatures"][0].update(keyid="0" * 64))
    intruder.enter_in_log(REF)
    assert registry.verify(REF) == adapter
    assert canonical(json.loads(registry.attestation(REF))) == registry.attestation(REF)
