"""Readiness of a quantization: whether the model can be quantized, how large it becomes, and what that takes."""

from __future__ import annotations

from pathlib import Path

from modelops.errors import ModelOpsError
from modelops.machine import memory_bytes
from modelops.models.safetensors_files import StoredTensor
from modelops.quantization import Matrix, check_architecture, converter_folder, expected_bits
from modelops.registry import Artifact
from modelops.units import human_bytes
from modelops_server.jobs.readiness import adapters, calibration, stored
from modelops_server.jobs.readiness.answers import Check, Mend, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.kinds import Findings

_WRITTEN = 2
"""How often what comes out is written: in the job's folder, and into the registry."""
_FLOAT32 = 4


def look(context: Context) -> Findings:
    """Look at a quantization whose parameters, references and kernel are right."""
    model = context.artifact("Model")
    if model is None:
        return Findings()
    if (refused := _refused(context, model)) is not None:
        return Findings([refused])
    tensors = stored.tensors(context, model)
    parameters = sum(tensor.elements for tensor in tensors)
    layers = stored.layers(tensors)
    looks = (
        adapters.belongs(context),
        calibration.group_size(context, layers),
        calibration.calibrating(context, layers),
        calibration.judging(context),
    )
    checks = [*(check for check in looks if check is not None), _memory(context, parameters)]
    disk = model.size
    if types := context.values.get("types"):
        sizes = {type: _size(tensors, type) for type in types}
        said = ", ".join(f"{type} {human_bytes(size)}" for type, size in sizes.items())
        checks.append(ok("size", f"Of {human_bytes(model.size)} there will be about: {said}."))
        # With an adapter, the merged model is written first; without one, what the quantizer reads.
        disk += model.size + _WRITTEN * sum(sizes.values())
    return Findings(checks, disk=disk)


def _refused(context: Context, model: Artifact) -> Check | None:
    if (refused := stored.refuse_gguf(context, "quantized again")) is not None:
        return refused
    method = stored.quantization(context, model).get("quant_method")
    if method is not None:
        sentence = f"{model.ref} is quantized already ({method}): what its rounding took away does not come back."
        mend = stored.original(model, context.parameter("Model") or "model")
        return Check(name="model", status="blocked", sentence=sentence, mend=mend)
    config = context.blob(model, "config.json")
    if "types" not in context.values or context.python is None or config is None:
        return None
    try:
        check_architecture(config, converter_folder(Path(context.python).parent.parent))
    except ModelOpsError as error:
        return Check(name="model", status="blocked", sentence=error.message, mend=Mend(sentence=error.hint))
    return None


def _size(tensors: list[StoredTensor], type: str) -> int:
    """Bytes of a GGUF file of a type, but for its vocabulary; types that mix others take up to a fifth more."""
    names = {tensor.name for tensor in tensors}
    output = "lm_head.weight" if "lm_head.weight" in names else "model.embed_tokens.weight"
    matrices = [
        Matrix(tensor.shape[-1], tensor.elements // tensor.shape[-1], tensor.name == output)
        for tensor in tensors
        if len(tensor.shape) > 1
    ]
    vectors = sum(tensor.elements for tensor in tensors if len(tensor.shape) < 2)
    weights = sum(matrix.columns * matrix.rows for matrix in matrices)
    return round(expected_bits(matrices, type) * weights / 8 + _FLOAT32 * vectors)


def _memory(context: Context, parameters: int) -> Check:
    """The model and what came of it stand side by side in float32 when the gate compares them."""
    need, there = 2 * _FLOAT32 * parameters, min(memory_bytes()[0], context.inventory.memory)
    sentence = f"Two models in float32 take {human_bytes(need)} of {human_bytes(there)} when the gate compares them"
    if need <= there:
        return ok("memory", f"{sentence}; what is computed comes on top.")
    mend = Mend(sentence="Run it on a machine with more memory.")
    return Check(name="memory", status="blocked", sentence=f"{sentence}.", mend=mend)
