"""Artifacts side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modelops.errors import NotFound
from modelops.registry import Artifact, Registry
from modelops.registry.comparison import compare_artifacts

Register = Callable[..., Artifact]


def rows(found: Any) -> dict[str, tuple[Any, ...]]:
    return {row.name: row.values for row in found}


def test_facts_measures_and_inputs_stand_side_by_side(register: Register, registry: Registry) -> None:
    register(name="small", kind="model", metadata={"perplexity": 23.5, "format": "gguf", "base_digest": "d"})
    gate = {"verdict": "rejected", "reasons": ["It is worse."]}
    register(name="tiny", kind="model", metadata={"perplexity": 30, "fallbacks": 7, "gate": gate})

    found = compare_artifacts(registry, ["small", "tiny"])

    facts = rows(found.facts)
    assert (facts["kind"], facts["format"], facts["gate"]) == (("model", "model"), ("gguf", None), (None, "rejected"))
    assert "base_digest" not in facts
    assert rows(found.measures) == {"perplexity": (23.5, 30), "fallbacks": (None, 7)}
    assert {row.name: row.differs for row in found.facts}["kind"] is False
    assert found.inputs[0].values[0] == found.inputs[0].values[1]
    assert found.evaluations == (None, None)


def test_measures_come_from_the_newest_evaluation_of_what_has_none(register: Register, registry: Registry) -> None:
    base = register(name="base", kind="model", metadata={})
    adapter = register(name="bot", kind="adapter", metadata={})
    uses = (base.as_dependency("model"), adapter.as_dependency("adapter"))
    about = {"model_digest": base.digest, "adapter_digest": adapter.digest}
    register(name="eval", kind="evaluation", metadata={**about, "loss": 2.0}, dependencies=uses)
    newest = register(name="eval", kind="evaluation", metadata={**about, "loss": 1.5}, dependencies=uses)
    about = {"model_digest": base.digest}
    alone = register(name="before", kind="evaluation", metadata={**about, "loss": 3.5}, dependencies=uses[:1])

    found = compare_artifacts(registry, ["base", "bot"])

    # An evaluation of the adapter used its base model, too, and says nothing about that alone.
    assert rows(found.measures)["loss"] == (3.5, 1.5)
    assert found.evaluations == (alone.ref, newest.ref)
    assert found.as_json()["evaluations"] == [alone.ref, newest.ref]


def test_a_measure_brings_the_interval_that_is_signed_with_it(register: Register, registry: Registry) -> None:
    intervals = {"perplexity": "22.1 to 24.95", "loss": "about 3", "no_number": "1 to 2"}
    register(name="small", kind="model", metadata={"perplexity": 23.5, "loss": 3.1, "intervals": intervals})
    register(name="tiny", kind="model", metadata={"perplexity": 30, "intervals": "unknown"})

    found = {row.name: row for row in compare_artifacts(registry, ["small", "tiny"]).measures}

    assert found["perplexity"].intervals == ((22.1, 24.95), None)
    assert found["loss"].intervals == (None, None)
    assert set(found) == {"perplexity", "loss"}
    assert found["perplexity"].as_json()["intervals"] == [[22.1, 24.95], None]


def test_what_is_not_there_is_named(adapter: Artifact, registry: Registry) -> None:
    with pytest.raises(NotFound, match="nothing"):
        compare_artifacts(registry, ["support-bot", "nothing"])
