"""An evaluation as an in-toto test result: which tests a model passed, under which configuration.

Specification: https://github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import rfc8785

from modelops.errors import InvalidInput

if TYPE_CHECKING:
    from modelops.registry import Artifact

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"

Result = Literal["PASSED", "WARNED", "FAILED"]
_WORST_FIRST: tuple[Result, ...] = ("FAILED", "WARNED", "PASSED")


def test_result(
    subject: Artifact, configuration: Sequence[Mapping[str, Any]], tests: Mapping[str, Result]
) -> dict[str, Any]:
    """The statement that ``subject`` was tested: an in-toto Statement v1 with the predicate test-result v0.1.

    ``configuration`` are resource descriptors, each with a digest, as :func:`descriptor` makes them. ``tests`` says of
    each test how it ended; the worst of them is the result of all. The statement is not signed by itself: it is a file
    of an artifact, and the artifact is signed. Raises ``InvalidInput`` (``no_tests``) without any test.
    """
    if not tests:
        raise InvalidInput("no_tests", "A test result needs at least one test.", "Say what was tested.")
    ended = {result: [name for name, end in tests.items() if end == result] for result in _WORST_FIRST}
    return {
        "_type": STATEMENT_TYPE,
        "subject": [_artifact(subject.kind, subject)],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "result": next(result for result in _WORST_FIRST if ended[result]),
            "configuration": [dict(item) for item in configuration],
            "passedTests": ended["PASSED"],
            "warnedTests": ended["WARNED"],
            "failedTests": ended["FAILED"],
        },
    }


test_result.__test__ = False  # type: ignore[attr-defined]  # pytest takes functions of that name for tests


def descriptor(name: str, content: Artifact | bytes | Mapping[str, Any]) -> dict[str, Any]:
    """A resource descriptor of what took part under ``name``.

    An artifact is named by its digest, that of its signed statement; bytes, such as a file's, by their SHA-256;
    settings by that of their canonical JSON (RFC 8785), and are annotations, too.
    """
    if isinstance(content, bytes):
        return {"name": name, "digest": {"sha256": hashlib.sha256(content).hexdigest()}}
    if isinstance(content, Mapping):
        digest = hashlib.sha256(rfc8785.dumps(dict(content))).hexdigest()
        return {"name": name, "digest": {"sha256": digest}, "annotations": dict(content)}
    return _artifact(name, content)


def _artifact(name: str, artifact: Artifact) -> dict[str, Any]:
    return {"name": name, "uri": artifact.uri, "digest": {"sha256": artifact.digest}}
