"""What is served together: adapters that fit the model are offered, and the others are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_endpoint import register_gguf

from modelops.errors import VerificationError
from modelops.paths import StateHome
from modelops.registry import Artifact, Build, Registry
from modelops_server.endpoints.planning import look
from modelops_server.endpoints.servable import find_servable, fitting_adapters
from modelops_server.endpoints.spec import Options


def register_adapter(home: StateHome, base: Artifact, name: str) -> Artifact:
    """Register what says that it is an adapter of ``base``."""
    folder = home.root.parent / f"to-register-{name}"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    metadata = {"base_model": base.ref, "base_digest": base.digest}
    return Registry(home).register(folder, name=name, kind="adapter", metadata=metadata, build=Build("train", {}, ()))


@pytest.fixture
def models(home: StateHome, tiny_gguf: Path) -> tuple[Artifact, Artifact, Artifact]:
    """A model, a rounded form of it, and another model; each with an adapter that was trained on it."""
    base = register_gguf(home, tiny_gguf, "base", quantization=None)
    rounded = register_gguf(home, tiny_gguf, "rounded", base_digest=base.digest)
    other = register_gguf(home, tiny_gguf, "other")
    for model in (base, rounded, other):
        register_adapter(home, model, f"of-{model.name}")
    return base, rounded, other


def test_adapters_of_the_model_and_of_what_it_is_rounded_from_are_offered(
    home: StateHome, models: tuple[Artifact, Artifact, Artifact]
) -> None:
    registry = Registry(home)

    assert fitting_adapters(registry, "base") == ["of-base@1"]
    assert fitting_adapters(registry, "rounded") == ["of-rounded@1", "of-base@1"]
    assert fitting_adapters(registry, "of-other") == ["of-other@1"]


def test_what_is_not_offered_is_refused_and_what_is_offered_is_not(
    home: StateHome, models: tuple[Artifact, Artifact, Artifact]
) -> None:
    registry = Registry(home)
    every = {f"of-{model.name}@1" for model in models}

    for model in models:
        offered = set(fitting_adapters(registry, model.ref))
        for adapter in offered:
            assert find_servable(registry, model.ref, [adapter]).model == model
        for adapter in every - offered:
            with pytest.raises(VerificationError) as refusal:
                find_servable(registry, model.ref, [adapter])
            assert refusal.value.code == "base_model_differs"


def test_they_are_offered_also_while_something_is_in_the_way(
    home: StateHome, models: tuple[Artifact, Artifact, Artifact]
) -> None:
    plan = look(home, "base", name=None, engine="abacus", adapters=["of-other"], options=Options())

    assert plan["problem"]["code"] == "base_model_differs"
    assert plan["adapters"] == ["of-base@1"]
