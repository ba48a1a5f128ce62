"""A training as its readiness sees it: which plan, of which model, on how much in a row."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from modelops.models.safetensors_files import read_header
from modelops.registry import Artifact, Registry
from modelops.training.estimate import Plan, RowLoad, memory_parts
from modelops.training.preview import DatasetFacts
from modelops.training.shapes import ModelShape, read_shape
from modelops_server.jobs.readiness.asked import Context


@dataclass(frozen=True)
class Training:
    """What the checks of a training share."""

    context: Context
    plan: Plan
    shape: ModelShape
    row: RowLoad
    facts: DatasetFacts | None
    bf16: bool
    """Whether it computes in bfloat16: on a GPU, and on processors that multiply it."""

    @property
    def gpus(self) -> int:
        """How many GPUs the job will hold."""
        return self.context.inventory.share(self.context.asked.request).gpus or 0

    def memory(self, plan: Plan | None = None) -> dict[str, int]:
        """Bytes by their parts, with this plan or another; a shorter row has in proportion fewer learned tokens."""
        plan = plan or self.plan
        row = self.row.scaled(plan.max_length / self.plan.max_length)
        return memory_parts(self.shape, plan, row, bf16=self.bf16)


def shape_of(registry: Registry, model: Artifact) -> ModelShape | None:
    """The shape of a registered model, read from its files' headers; the weights are not read, and so not verified."""
    files = tuple((file.path, registry.blobs.path(file.sha256)) for file in model.files)
    return _read(files)


@lru_cache(maxsize=32)
def _read(files: tuple[tuple[str, Path], ...]) -> ModelShape | None:
    by_path = dict(files)
    if "config.json" not in by_path:
        return None
    config: Mapping[str, Any] = json.loads(by_path["config.json"].read_bytes())
    weights = (blob for path, blob in files if path.endswith(".safetensors") and "/" not in path)
    return read_shape(config, (tensor for blob in weights for tensor in read_header(blob)))
