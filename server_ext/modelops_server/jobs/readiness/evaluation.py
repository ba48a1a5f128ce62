"""Readiness of an evaluation: whether its models fit together, can be loaded, and have rows that they never saw."""

from __future__ import annotations

from pathlib import Path

from modelops.errors import ModelOpsError
from modelops.evaluation import TaskFile, near_matches, read_task_folder
from modelops.machine import memory_bytes, processor
from modelops.machine.gpus import gpus
from modelops.registry import Artifact
from modelops.units import human_bytes
from modelops_server.jobs.preflight import missing_packages
from modelops_server.jobs.readiness import adapters, stored
from modelops_server.jobs.readiness.answers import Check, Mend, Status, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.kinds import Findings
from modelops_server.jobs.readiness.subject import shape_of

_LOADED_BY = {"bitsandbytes": "bitsandbytes", "compressed-tensors": "compressed_tensors", "gptq": "gptqmodel"}
"""The package that a quantized checkpoint needs, by its ``quant_method``."""

_ENVIRONMENTS = {"compressed_tensors": "llm-compressor", "lm_eval": "lm-eval"}
"""The environment that has a package which does not fit beside the others."""

_MODELS = ("model", "reference")
"""The parameters that name what is loaded."""


def look(context: Context) -> Findings:
    """Look at an evaluation whose parameters, references and kernel are right."""
    if (refused := stored.refuse_wordless(context)) is not None:
        return Findings([refused])
    looks = (adapters.belongs, _reference, _length, _packages, _held_out, _tasks, _memory)
    checks = [check for one in looks if (check := one(context)) is not None]
    inputs = sum(artifact.size for artifact in context.artifacts.values())
    return Findings(checks, disk=inputs)


def _reference(context: Context) -> Check | None:
    model, reference = context.artifacts.get("model"), context.artifacts.get("reference")
    if model is None or reference is None:
        return None
    ours, theirs = shape_of(context.registry, model), shape_of(context.registry, reference)
    if ours is None or theirs is None or ours.vocabulary == theirs.vocabulary:
        return None
    return Check(
        name="reference",
        status="blocked",
        sentence=f"{model.ref} has {ours.vocabulary:,} tokens and {reference.ref} {theirs.vocabulary:,}: they cannot "
        "be compared token by token.",
        mend=changes("Evaluate without a reference; bits_per_byte compares across tokenizers.", {"reference": None}),
    )


def _length(context: Context) -> Check | None:
    model, length = context.artifacts.get("model"), context.values.get("max_length")
    shape = shape_of(context.registry, model) if model else None
    if shape is None or shape.context is None or type(length) is not int or length <= shape.context:
        return None
    return Check(
        name="max_length",
        status="warning",
        sentence=f"The model reads at most {shape.context:,} tokens; max_length is {length:,}.",
        mend=changes(f"Set max_length={shape.context}.", {"max_length": shape.context}),
    )


def _packages(context: Context) -> Check | None:
    """What only some forms of models need, and the notebook therefore does not ask for."""
    needed: dict[str, str] = {}
    for role in _MODELS:
        artifact = context.artifacts.get(role)
        if artifact is not None and (package := _loaded_with(context, artifact)):
            needed[package] = artifact.ref
    if not needed or context.python is None:
        return None
    missing = missing_packages(sorted(needed), context.python)
    if not missing:
        return ok("packages", f"The packages that the models need are there: {', '.join(sorted(needed))}.")
    sentence = "; ".join(f"{needed[name]} is loaded with {name}, which the kernel lacks" for name in missing)
    return Check(name="packages", status="blocked", sentence=f"{sentence}.", mend=_provided(missing, context.python))


def _provided(missing: list[str], python: str) -> Mend:
    """Where the packages come from: an environment of ours that holds them, or pip."""
    environments = {_ENVIRONMENTS.get(name) for name in missing}
    if len(environments) == 1 and (environment := environments.pop()) is not None:
        sentence = f"Run it in the environment {environment}; `modelops env create {environment}` makes it."
        return Mend(sentence=sentence, command=f"--kernel modelops-{environment}")
    names = " ".join(name.replace("_", "-") for name in missing)
    return Mend(sentence="Install it where the kernel runs.", command=f"{python} -m pip install {names}")


def _loaded_with(context: Context, artifact: Artifact) -> str | None:
    """The package that a model's form needs beside transformers, by its import name."""
    if stored.is_gguf(artifact):
        return "gguf"
    return _LOADED_BY.get(str(stored.quantization(context, artifact).get("quant_method", "")))


def _held_out(context: Context) -> Check | None:
    dataset = context.artifacts.get("dataset")
    if dataset is None:
        return None
    splits = {Path(file.path).stem for file in dataset.files if file.path.startswith("data/")}
    for split in ("test", "validation"):
        if split in splits:
            return ok("held_out", f"The rows are those of its {split} split.")
    return Check(
        name="held_out",
        status="warning",
        sentence="The dataset has no test split: its last rows are taken, which a model may have been trained on.",
        mend=Mend(
            sentence="Add it again with rows held out.",
            command="modelops datasets add PATH --name NAME --test-fraction 0.1",
        ),
    )


def _tasks(context: Context) -> Check | None:
    """What can be known of tasks without the harness, which is not where the server is."""
    names, folder = context.values.get("tasks") or [], context.values.get("task_folder")
    if not names:
        sentence = "No tasks are asked for: task_folder is not used."
        return Check(name="tasks", status="warning", sentence=sentence) if folder else None
    try:
        own = read_task_folder(context.asked.folder / folder) if folder else {}
    except ModelOpsError as error:
        return Check(name="tasks", status="blocked", sentence=error.message, mend=Mend(sentence=error.hint))
    for name in names:
        if name in own and own[name].missing:
            sentence = f"The task {name} takes its questions from {own[name].missing[0]}, which is not there."
            mend = Mend(sentence=f"Relative data_files are looked up in {folder}.")
            return Check(name="tasks", status="blocked", sentence=sentence, mend=mend)
    if context.python is not None and missing_packages(["lm_eval"], context.python):
        mend = _provided(["lm_eval"], context.python)
        return Check(name="tasks", status="blocked", sentence="The kernel lacks lm_eval, which runs tasks.", mend=mend)
    return _known(names, own)


def _known(names: list[str], own: dict[str, TaskFile]) -> Check:
    tags = {tag for task in own.values() for tag in task.tags}
    others = [name for name in names if name not in own and name not in tags]
    if not others:
        return ok("tasks", f"Tasks of the folder: {', '.join(names)}.")
    sentence = (
        f"Not in a task folder: {', '.join(others)}. Whether lm-evaluation-harness has such a task, and can reach "
    )
    sentence += "its questions, is seen when the job begins, before a model is loaded."
    return Check(name="tasks", status="unknown", sentence=sentence, mend=Mend(sentence=near_matches(others[0], own)))


def _memory(context: Context) -> Check | None:
    """What the weights take is certain; texts and probabilities come on top, and were not measured."""
    loaded = [role for role in _MODELS if role in context.artifacts]
    weights = [_weights(context, context.artifacts[role]) for role in loaded]
    if not weights:
        return None
    if None in weights:
        return Check(name="memory", status="unknown", sentence="How much memory it takes cannot be told.")
    need, there = sum(size or 0 for size in weights), min(memory_bytes()[0], context.inventory.memory)
    if _on_gpu(context):
        there = max((gpu.memory for gpu in gpus()), default=0)
    status: Status = "ok" if need <= there else "blocked"
    sentence = f"The weights of {' and '.join(loaded)} take {human_bytes(need)} of {human_bytes(there)}"
    alone = changes("Evaluate without a reference.", {"reference": None})
    return Check(
        name="memory",
        status=status,
        sentence=f"{sentence}; what is computed comes on top.",
        mend=alone if status == "blocked" and len(weights) > 1 else None,
    )


def _weights(context: Context, artifact: Artifact) -> int | None:
    """Bytes of a model's weights once they are loaded, where that is known.

    Those of bitsandbytes stay as they are stored; what others do depends on the machine.
    """
    if quantization := stored.quantization(context, artifact):
        return artifact.size if quantization.get("quant_method") == "bitsandbytes" else None
    width = 2 if _on_gpu(context) or processor().bf16 else 4
    shape = shape_of(context.registry, artifact)
    parameters = shape.parameters if shape else artifact.metadata.get("parameter_count")
    return parameters * width if type(parameters) is int else None


def _on_gpu(context: Context) -> bool:
    return bool(context.inventory.share(context.asked.request).gpus)
