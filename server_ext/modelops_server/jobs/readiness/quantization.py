"""Readiness of a quantization: whether the model can be quantized, how large it becomes, and what that takes."""

from __future__ import annotations

from pathlib import Path

from modelops.errors import ModelOpsError
from modelops.machine import memory_bytes
from modelops.models import Rounding, cannot_dequantize
from modelops.models.safetensors_files import StoredTensor
from modelops.quantization import (
    Layer,
    Layout,
    Matrix,
    check_architecture,
    converter_folder,
    expected_bytes,
    refuse_rounded,
    requantized_from,
    requantized_note,
)
from modelops.registry import Artifact
from modelops.units import human_bytes
from modelops_server.jobs.preflight import missing_packages
from modelops_server.jobs.readiness import adapters, calibration, stored
from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.kinds import Findings
from modelops_server.jobs.readiness.outlook import checkpoint_sizes, choices, outlooks

_WRITTEN = 2
"""How often what comes out is written: in the job's folder, and into the registry."""
_FLOAT32, _FLOAT16 = 4, 2


def look(context: Context) -> Findings:
    """Look at a quantization whose parameters, references and kernel are right."""
    model = context.artifact("Model")
    if model is None:
        return Findings()
    if (refused := stored.refuse_wordless(context)) is not None:
        return Findings([refused])
    try:
        checks = [check for check in (_rounded(context, model), _architecture(context, model)) if check is not None]
        tensors = stored.whole_tensors(context, model)
    except ModelOpsError as error:
        return Findings([Check(name="model", status="unknown", sentence=error.message, mend=Mend(sentence=error.hint))])
    if any(check.status == "blocked" for check in checks):
        return Findings(checks)
    parameters = sum(tensor.elements for tensor in tensors)
    layers = stored.layers(tensors)
    looks = (
        adapters.belongs(context),
        calibration.group_size(context, layers),
        calibration.calibrating(context, layers),
        calibration.judging(context),
    )
    checks += [*(check for check in looks if check is not None), _memory(context, parameters)]
    disk = model.size
    if any(check.name == "model" for check in checks):  # it is written out first, in 16 bits
        disk += _FLOAT16 * parameters
    sizes = _sizes(context, model, tensors, layers)
    chosen = [choice for choice in _chosen(context) if choice in sizes]
    if chosen:
        said = ", ".join(f"{choice} {human_bytes(sizes[choice])}" for choice in chosen)
        checks.append(ok("size", f"Of {human_bytes(model.size)} there will be about: {said}."))
        # With an adapter, the merged model is written first; without one, what the quantizer reads.
        disk += model.size + _WRITTEN * sum(sizes[choice] for choice in chosen)
    return Findings(checks, disk=disk, outlook=outlooks(context, model, sizes))


def _chosen(context: Context) -> list[str]:
    """How the weights are to be stored: several GGUF types, or one scheme."""
    values = context.values
    return list(values.get("types", ())) or [str(values[name]) for name in ("scheme",) if name in values]


def _sizes(context: Context, model: Artifact, tensors: list[StoredTensor], layers: tuple[Layer, ...]) -> dict[str, int]:
    """Bytes of the weights by each way to store them that the template offers; none where shapes are not known."""
    offered = choices(context)
    if not tensors or not offered:
        return {}
    # Then the head is the embeddings, also where it is stored beside them.
    if stored.config(context, model).get("tie_word_embeddings"):
        tensors = [tensor for tensor in tensors if tensor.name != "lm_head.weight"]
    if "types" in context.values:
        return _gguf_sizes(context, model, tensors, offered)
    return checkpoint_sizes(context, tensors, layers, offered)


def _rounded(context: Context, model: Artifact) -> Check | None:
    """A model that is quantized already: refused, or a warning of what is lost where it is forced."""
    rounding = stored.rounding(context, model)
    if rounding is None and not stored.is_gguf(model):
        return None
    parameter, forced = context.parameter("Model") or "model", context.values.get("force_requantize") is True
    refusal = refuse_rounded(model.ref, model.metadata, rounding)
    if not forced:
        mend = _instead(model, rounding, parameter)
        return Check(name="model", status="blocked", sentence=refusal.message, mend=mend)
    if rounding is None:
        return ok("model", f"{model.ref} is a GGUF file that is not rounded: its values are taken as they are.")
    if rounding.package is None:
        refusal = cannot_dequantize(model.ref, rounding.method)
        mend = stored.original(model, parameter)
        return Check(name="model", status="blocked", sentence=refusal.message, mend=mend)
    if context.python is not None and missing_packages([rounding.package], context.python):
        package = rounding.package.replace("_", "-")
        sentence = f"{model.ref} ({rounding.method}) is read back with {package}, which the kernel lacks."
        mend = Mend(sentence="Install it where the kernel runs.", command=f"{context.python} -m pip install {package}")
        return Check(name="model", status="blocked", sentence=sentence, mend=mend)
    note = requantized_note(requantized_from(model, rounding))
    return Check(name="model", status="warning", sentence=note, mend=stored.original(model, parameter))


def _instead(model: Artifact, rounding: Rounding | None, parameter: str) -> Mend:
    """The model that it was made from; where that is not known, to take this one all the same, if that can be done."""
    mend = stored.original(model, parameter)
    if mend.parameters is None and (rounding is None or rounding.package is not None):
        force = {"force_requantize": True}
        return changes(f"{mend.sentence} Or take it all the same, with force_requantize=true.", force)
    return mend


def _architecture(context: Context, model: Artifact) -> Check | None:
    config = context.blob(model, "config.json")
    if "types" not in context.values or context.python is None or config is None:
        return None
    try:
        check_architecture(config, converter_folder(Path(context.python).parent.parent))
    except ModelOpsError as error:
        return Check(name="model", status="blocked", sentence=error.message, mend=Mend(sentence=error.hint))
    return None


def _gguf_sizes(context: Context, model: Artifact, tensors: list[StoredTensor], types: list[str]) -> dict[str, int]:
    """Bytes of a GGUF file of each type."""
    config = stored.config(context, model)
    matrices = [
        Matrix(tensor.name, tensor.shape[-1], tensor.elements // tensor.shape[-1])
        for tensor in tensors
        if len(tensor.shape) > 1
    ]
    vectors = sum(tensor.elements for tensor in tensors if len(tensor.shape) < 2)
    header = stored.gguf_header(context, model)
    layout = Layout.of_gguf(header) if header else Layout.of_config(config)
    vocabulary = stored.vocabulary_bytes(context, model)
    importance = bool(context.values.get("importance_rows"))
    return {type: expected_bytes(matrices, vectors, vocabulary, type, layout, importance=importance) for type in types}


def _memory(context: Context, parameters: int) -> Check:
    """The model and what came of it stand side by side in float32 when the gate compares them."""
    if not parameters:
        sentence = (
            "How much memory it takes cannot be told: its sizes are those of a model that is not registered here."
        )
        return Check(name="memory", status="unknown", sentence=sentence)
    need, there = 2 * _FLOAT32 * parameters, min(memory_bytes()[0], context.inventory.memory)
    sentence = f"Two models in float32 take {human_bytes(need)} of {human_bytes(there)} when the gate compares them"
    if need <= there:
        return ok("memory", f"{sentence}; what is computed comes on top.")
    mend = Mend(sentence="Run it on a machine with more memory.")
    return Check(name="memory", status="blocked", sentence=f"{sentence}.", mend=mend)
