"""Adds models together with their golden prompts, which are recorded while the probe has the model loaded.

They become an evaluation of their own: the last digits differ with the machine, while the same files of a model must be
the same version of it.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelops.models import Registered, import_model
from modelops.parity.golden import Golden
from modelops.parity.recording import record_golden
from modelops.registry import Artifact, Build, Registry

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

PATIENCE = 4.0
"""Seconds after which no further prompt is asked: one is enough to tell that something is wrong."""


def import_with_golden(source: str, *, name: str, registry: Registry, **options: Any) -> Registered:
    """:func:`~modelops.models.import_model`, and the golden prompts of a model that is new and was probed.

    They are registered as the evaluation ``<name>-golden``.
    """
    recorded: list[tuple[Golden, datetime]] = []
    progress = options.get("progress")

    def record(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
        if progress is not None:
            progress("Recording golden prompts, by which endpoints are checked")
        started = datetime.now(UTC)
        recorded.append((record_golden(model, tokenizer, patience=PATIENCE), started))

    found = import_model(source, name=name, registry=registry, then=record, **options)
    if found.new:
        for golden, started in recorded:
            _register(registry, found.artifact, golden, started)
    return found


def _register(registry: Registry, model: Artifact, golden: Golden, started: datetime) -> Artifact:
    prompts = len(golden.answers)
    asked = "a prompt" if prompts == 1 else f"{prompts} prompts"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        replace(golden, subject={"ref": model.ref, "digest": model.digest}).write(folder)
        (folder / "README.md").write_text(
            f"# Golden prompts of {model.ref}\n\n"
            f"What it answered to {asked} when it was added, token by token. "
            "An endpoint that serves it is held to that until it is evaluated.\n"
        )
        return registry.register(
            folder,
            name=f"{model.name[:89]}-golden",
            kind="evaluation",
            metadata={"subject": model.ref, "subject_digest": model.digest},
            build=Build("import", {"prompts": prompts}, (model.as_dependency("model"),), started=started),
        )
