"""The statement is one that in-toto's own library reads."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from google.protobuf import json_format
from in_toto_attestation.predicates.test_result.v0 import test_result_pb2 as predicate_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement

from modelops.errors import InvalidInput
from modelops.evaluation import descriptor, test_result
from modelops.registry import Artifact, Build, Dependency, Registry


@pytest.fixture
def other_model(registry: Registry, tiny_model_folder: Path) -> Artifact:
    build = Build("import", {}, (Dependency("source", "file:other", "1" * 64),))
    return registry.register(tiny_model_folder, name="other", kind="model", metadata={}, build=build)


def test_in_toto_reads_it(tiny_model: Artifact, other_model: Artifact) -> None:
    settings = {"rows": 64, "max_length": 448}
    document = test_result(
        tiny_model,
        [descriptor("reference", other_model), descriptor("settings", settings), descriptor("notes.txt", b"hello")],
        {"finite": "PASSED", "held_out": "WARNED"},
    )
    parsed = json_format.Parse(json.dumps(document["predicate"]), predicate_pb2.TestResult())
    assert parsed.result == "WARNED"
    assert (list(parsed.passed_tests), list(parsed.warned_tests)) == (["finite"], ["held_out"])
    reference, written, notes = parsed.configuration
    assert (reference.uri, reference.digest["sha256"]) == (other_model.uri, other_model.digest)
    assert dict(written.annotations) == settings
    assert written.digest["sha256"] == hashlib.sha256(b'{"max_length":448,"rows":64}').hexdigest()
    assert notes.digest["sha256"] == hashlib.sha256(b"hello").hexdigest()

    [subject] = document["subject"]
    assert (subject["uri"], subject["digest"]) == (tiny_model.uri, {"sha256": tiny_model.digest})
    statement = Statement(
        [ResourceDescriptor(**{field: subject[field] for field in ("name", "uri", "digest")}).pb],
        document["predicateType"],
        document["predicate"],
    )
    statement.validate()
    assert json_format.MessageToDict(statement.pb)["subject"] == document["subject"]


@pytest.mark.parametrize(
    ("ends", "result"),
    [(["PASSED"], "PASSED"), (["PASSED", "WARNED"], "WARNED"), (["WARNED", "FAILED", "PASSED"], "FAILED")],
)
def test_the_worst_test_is_the_result(tiny_model: Artifact, ends: list[str], result: str) -> None:
    tests = dict(zip("abc", ends, strict=False))
    assert test_result(tiny_model, [], tests)["predicate"]["result"] == result  # type: ignore[arg-type]


def test_no_tests_are_no_result(tiny_model: Artifact) -> None:
    with pytest.raises(InvalidInput):
        test_result(tiny_model, [], {})
