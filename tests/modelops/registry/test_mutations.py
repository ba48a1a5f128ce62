"""Whatever byte is changed, what was not signed never verifies."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelops.errors import InvalidInput, VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry, import_export
from modelops.registry.envelopes import open_envelope

SMALL = {"adapter_config.json": b'{"r": 16}', "weights.safetensors": bytes(range(256))}

# The fixtures are shared by all examples on purpose: each example puts back what it changed.
examples = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def small(register: Callable[..., Artifact]) -> Artifact:
    return register(files=SMALL)


@examples
@given(data=st.data())
def test_a_changed_byte_in_any_stored_file_is_refused(
    registry: Registry, small: Artifact, intruder: Any, data: st.DataObject
) -> None:
    stored: list[Path] = [intruder.envelope(small.ref), *(intruder.blob(small.ref, path) for path in SMALL)]
    path = data.draw(st.sampled_from(stored))
    good = path.read_bytes()
    path.write_bytes(_mutated(good, data))
    try:
        with pytest.raises(VerificationError):
            registry.verify(small.ref)
    finally:
        path.write_bytes(good)
    assert registry.verify(small.ref) == small


@examples
@given(data=st.data())
def test_a_changed_envelope_that_the_database_agrees_with_is_refused(
    registry: Registry, small: Artifact, intruder: Any, data: st.DataObject
) -> None:
    good = registry.attestation(small.ref)
    changed = _mutated(good, data)
    intruder.replace_envelope(small.ref, changed)
    try:
        with pytest.raises(VerificationError):
            registry.verify(small.ref)
    finally:
        intruder.replace_envelope(small.ref, good)
    # Without the log, too: only the hint who signed may differ. No signature covers it, and nothing is decided by it.
    try:
        open_envelope(changed, registry.keys.trusted())
    except VerificationError:
        return
    before, after = json.loads(good), json.loads(changed)
    before["signatures"][0].pop("keyid")
    after["signatures"][0].pop("keyid")
    assert after == before


@examples
@given(data=st.data())
def test_a_changed_byte_in_an_archive_is_refused_or_imports_the_same(
    registry: Registry, small: Artifact, tmp_path: Path, archives: list[Path], data: st.DataObject
) -> None:
    archive = data.draw(st.sampled_from(archives))
    changed = tmp_path / f"changed{archive.suffix}"
    changed.write_bytes(_mutated(archive.read_bytes(), data))
    key = registry.keys.own()
    with tempfile.TemporaryDirectory(dir=tmp_path) as folder:
        receiver = Registry(StateHome(Path(folder)))
        try:
            imported = import_export(receiver, changed, key=key, trust=True)
        except (VerificationError, InvalidInput):
            assert receiver.list() == []
        else:
            # A time, an owner, the padding or the hint who signed: nothing that was signed.
            assert imported.artifact == small == receiver.verify(small.ref)
        receiver.database.conn.close()


@pytest.fixture
def archives(registry: Registry, small: Artifact, tmp_path: Path) -> list[Path]:
    """The same export as a tar archive, plain and packed, and as a zip archive."""
    found = [tmp_path / name for name in ("x.tar", "x.tgz", "x.zip")]
    for target in found[:2]:
        registry.export(small.ref, target)
    registry.export(small.ref, tmp_path / "x")
    with zipfile.ZipFile(found[2], "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((tmp_path / "x").rglob("*")):
            archive.write(path, path.relative_to(tmp_path).as_posix())
    return found


def _mutated(content: bytes, data: st.DataObject) -> bytes:
    position = data.draw(st.integers(0, len(content) - 1), label="position")
    match data.draw(st.sampled_from(["flip", "insert", "delete"]), label="change"):
        case "flip":
            middle = bytes([content[position] ^ data.draw(st.integers(1, 255), label="bits")])
            return content[:position] + middle + content[position + 1 :]
        case "insert":
            return content[:position] + bytes([data.draw(st.integers(0, 255), label="byte")]) + content[position:]
        case _:
            return content[:position] + content[position + 1 :]
