"""A load test of a real endpoint: what it counts, and the record that it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelops.registry import Registry
from modelops_server.endpoints.bench.load import levels
from modelops_server.endpoints.percentiles import percentiles


def test_what_is_measured_is_registered_and_signed(served: Any, modelops: Any) -> None:
    served.start()
    printed = modelops(
        *("endpoints", "bench", "tiny", "--concurrency", "1,3", "--requests", "3", "--max-tokens", "4", "--json")
    )

    found = printed.json["levels"]
    assert [(level["concurrency"], level["requests"], level["errors"]) for level in found] == [(1, 3, {}), (3, 3, {})]
    assert [level["tokens"] for level in found] == [12, 12]
    artifact = Registry(served.home).verify(printed.json["artifact"])
    assert artifact.kind == "evaluation"
    assert artifact.metadata["subject"] == "tiny@1"
    with Registry(served.home).verified_open(artifact.ref) as opened:
        document = json.loads((opened.path / "load.json").read_text())
        assert document["levels"] == found
        assert "| 3 | 3 |" in (opened.path / "README.md").read_text()
        assert (opened.path / "load.svg").read_text().startswith("<?xml")


def test_errors_are_counted(served: Any, modelops: Any) -> None:
    served.start()
    printed = modelops("endpoints", "bench", "tiny", "--max-tokens", "9", "--concurrency", "2,x")

    assert printed.status == 2
    assert "write it as 1,4,8" in printed.err


def test_an_endpoint_that_does_not_run_is_not_measured(served: Any, modelops: Any) -> None:
    served.start()
    modelops("endpoints", "stop", "tiny")

    assert modelops("endpoints", "bench", "tiny", "--json").json["code"] == "endpoint_not_running"


@pytest.mark.parametrize("text", ["", "0", "1,,2", "2000", "1;2"])
def test_numbers_of_requests_that_cannot_be_sent(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        list(levels(text))


def test_percentiles_of_nothing_are_nothing() -> None:
    assert percentiles([]) is None
    assert percentiles([3.0]) == {"p50": 3.0, "p95": 3.0, "p99": 3.0}
