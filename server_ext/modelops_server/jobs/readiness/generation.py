"""Readiness of a run of answers: whether one of model and endpoint is named, and there is something to ask."""

from __future__ import annotations

from pathlib import Path

from modelops.client.discovery import candidates
from modelops.errors import InvalidInput
from modelops.generation import check_sources
from modelops_server.jobs.preflight import missing_packages
from modelops_server.jobs.readiness import adapters, stored
from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.kinds import Findings
from modelops_server.jobs.readiness.subject import shape_of

_COMPUTED_WITH = ("torch", "transformers")
"""What a model needs that is computed here; an endpoint brings its own."""


def look(context: Context) -> Findings:
    """Look at a run of answers whose parameters, references and kernel are right."""
    looks = (_sources, adapters.belongs, _form, _packages, _length, _rows, _samples)
    return Findings([check for one in looks if (check := one(context)) is not None])


def _sources(context: Context) -> Check | None:
    model, adapter, endpoint = (context.values.get(name) for name in ("model", "adapter", "endpoint"))
    try:
        check_sources(model, adapter, str(endpoint or ""))
    except InvalidInput as error:
        return Check(name="sources", status="blocked", sentence=error.message, mend=Mend(sentence=error.hint))
    if not endpoint:
        return None
    if refused := asks_nobody("sources"):
        return refused
    sentence = f"Whether the endpoint {endpoint} answers is seen when the job begins."
    return Check(name="sources", status="unknown", sentence=sentence)


def asks_nobody(name: str) -> Check | None:
    """The check, called ``name``, that a server is there through which endpoints are asked; ``None`` where one is."""
    if next(candidates(), None) is not None:
        return None
    return Check(
        name=name,
        status="blocked",
        sentence="An endpoint is asked through a Jupyter server with ModelOps, and none runs here.",
        mend=Mend(sentence="Start one, or set MODELOPS_URL and MODELOPS_TOKEN.", command="jupyter lab"),
    )


def _form(context: Context) -> Check | None:
    """The check of a model's form, which knows one more way out than other templates: an endpoint."""
    refused, model = stored.refuse_form(context), context.artifact("Model")
    if refused is None or model is None:
        return None
    command = f"modelops endpoints start {model.ref}"
    return refused.model_copy(
        update={"mend": Mend(sentence="Start an endpoint and name it instead of the model.", command=command)}
    )


def _packages(context: Context) -> Check | None:
    if context.values.get("endpoint") or context.python is None:
        return None
    needed = [*_COMPUTED_WITH, *(["peft"] if context.values.get("adapter") else [])]
    if not (missing := missing_packages(needed, context.python)):
        return None
    return Check(
        name="packages",
        status="blocked",
        sentence=f"A model is computed with {' and '.join(missing)}, which the kernel lacks.",
        mend=Mend(
            sentence="Install it where the kernel runs, or name an endpoint.",
            command=f"{context.python} -m pip install {' '.join(missing)}",
        ),
    )


def _length(context: Context) -> Check | None:
    model, length = context.artifact("Model"), context.values.get("max_tokens")
    shape = shape_of(context.registry, model) if model else None
    if shape is None or shape.context is None or type(length) is not int or length < shape.context:
        return None
    return Check(
        name="max_tokens",
        status="blocked",
        sentence=f"The model reads at most {shape.context:,} tokens, prompt and answer together; "
        f"max_tokens is {length:,}.",
        mend=changes(f"Set max_tokens={shape.context // 2}.", {"max_tokens": shape.context // 2}),
    )


def _rows(context: Context) -> Check | None:
    dataset, split = context.artifact("Dataset"), context.values.get("split")
    if dataset is None:
        return None
    splits = [Path(file.path).stem for file in dataset.files if file.path.startswith("data/")]
    if split not in splits:
        mend = changes(f"Set split={splits[0]}.", {"split": splits[0]}) if splits else None
        sentence = f"{dataset.ref} has no {split} split, only: {', '.join(splits) or 'none'}."
        return Check(name="dataset", status="blocked", sentence=sentence, mend=mend)
    counted = dataset.metadata.get("splits")
    rows = counted.get(split) if isinstance(counted, dict) else None
    if type(rows) is not int:
        return ok("dataset", f"The rows of its {split} split are asked.")
    asked = min(rows, context.values.get("max_rows") or rows)
    return ok("dataset", f"{asked:,} of {rows:,} rows of its {split} split are asked.")


def _samples(context: Context) -> Check | None:
    if context.values.get("samples", 1) == 1 or context.values.get("temperature"):
        return None
    return Check(
        name="samples",
        status="warning",
        sentence="With a temperature of 0 all samples of a row are the same.",
        mend=changes("Set temperature=0.8.", {"temperature": 0.8}),
    )
