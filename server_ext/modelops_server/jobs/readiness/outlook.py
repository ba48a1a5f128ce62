"""What would come out of each choice of a quantization: its size, and how good it was when this was done before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from modelops.errors import InvalidInput
from modelops.models.safetensors_files import StoredTensor
from modelops.quantization import Layer, checkpoint_bits, fitting_group_size
from modelops.registry import Artifact
from modelops.registry.comparison import measures_of
from modelops_server.jobs.readiness.answers import MeasuredBefore, Outlook
from modelops_server.jobs.readiness.asked import Context

_CHOICE = ("types", "scheme")
"""The parameters that say how weights are stored."""
_FLOAT16 = 2


def choices(context: Context) -> list[str]:
    """All ways to store weights among which the template lets one choose."""
    for parameter in context.asked.template.parameters:
        if parameter.name in _CHOICE:
            schema = parameter.adapter.json_schema()
            return [str(choice) for choice in schema.get("items", schema).get("enum", ())]
    return []


def checkpoint_sizes(
    context: Context, tensors: Sequence[StoredTensor], layers: tuple[Layer, ...], schemes: Sequence[str]
) -> dict[str, int]:
    """Bytes of the weights by scheme, of those whose groups fit: the layers are rounded, all else stays as it is."""
    rounded = sum(layer.rows * layer.columns for layer in layers)
    names = {f"{layer.name}.weight" for layer in layers}
    rest = sum(
        tensor.end - tensor.start or _FLOAT16 * tensor.elements for tensor in tensors if tensor.name not in names
    )
    sizes = {}
    for scheme in schemes if layers else ():
        try:
            group = fitting_group_size(layers, context.values.get("group_size")) if scheme == "W4A16" else None
        except InvalidInput:
            continue
        sizes[scheme] = round(rounded * checkpoint_bits(scheme, layers, group) / 8) + rest
    return sizes


def outlooks(context: Context, model: Artifact, sizes: Mapping[str, int]) -> list[Outlook]:
    """A line for each choice whose size is known."""
    before = _measured_before(context, model)
    return [Outlook(choice=choice, bytes=size, measured=before.get(choice.lower())) for choice, size in sizes.items()]


def _measured_before(context: Context, model: Artifact) -> dict[str, MeasuredBefore]:
    """What was measured of the newest model that was made so of this one, with the same adapter, by the choice."""
    adapter = context.artifact("Adapter")
    method = context.asked.template.name.removeprefix("quantize-")
    uses = context.registry.lineage(model.ref).dependents(model.digest)
    made = {node.artifact.digest: node.artifact for _, node in uses if node.artifact and node.artifact.kind == "model"}
    found = {}
    for artifact in sorted(made.values(), key=lambda one: (one.created, one.version)):
        metadata = artifact.metadata
        ratio = measures_of(metadata).get("perplexity_ratio")
        same = metadata.get("base_digest") == model.digest
        if not same or ratio is None or metadata.get("adapter_digest") != (adapter.digest if adapter else None):
            continue
        choice = str(metadata.get("quantization")).removeprefix(f"{method}-")
        value, interval = ratio
        found[choice] = MeasuredBefore(
            ref=artifact.ref, perplexity_ratio=value, interval=interval, rejected=bool(artifact.rejected)
        )
    return found
