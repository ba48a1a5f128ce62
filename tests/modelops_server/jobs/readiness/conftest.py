"""A state home with a tiny model and conversations, and the fine-tuning template."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelops.registry import Artifact
from modelops.templates import Template, load_template
from modelops_server.jobs.readiness import Asked, Readiness, check_readiness, close_previews
from modelops_server.jobs.resources import Inventory

MACHINE = Inventory(cpus=4, gpus=(), memory=16 * 10**9)

Ask = Callable[..., Readiness]


@pytest.fixture(autouse=True, scope="module")
def no_process_is_left() -> Iterator[None]:
    """One process answers all tests of a module: it takes seconds to start."""
    yield
    close_previews()


@pytest.fixture
def sft() -> Template:
    return load_template(Path(__file__).parents[4] / "templates" / "sft.ipynb")


@pytest.fixture
def ask(jobs: Any, sft: Template, tiny_model: Artifact, chats: Artifact) -> Ask:
    """Asks whether the fine-tuning template, or another, can run with these parameters."""

    def readiness(
        parameters: dict[str, Any] | None = None,
        *,
        template: Template = sft,
        inventory: Inventory = MACHINE,
        patience: float | None = None,
        **fields: Any,
    ) -> Readiness:
        given = {"base_model": "tiny", "dataset": "chats", "max_length": 128} if template is sft else {}
        asked = Asked(template, {**given, **(parameters or {})}, **fields)
        return check_readiness(asked, jobs.queue, inventory=inventory, patience=patience)

    return readiness
