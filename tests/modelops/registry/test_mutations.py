"""Whatever byte is changed, what was not signed never verifies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelops.errors import VerificationError
from modelops.registry import Artifact, Registry
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
