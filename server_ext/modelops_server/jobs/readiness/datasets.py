"""How a dataset fits the model, the length limit and the wish to know what was learned."""

from __future__ import annotations

from modelops.errors import ModelOpsError
from modelops.training.estimate import Plan
from modelops.training.preview import DatasetFacts
from modelops_server.jobs.readiness.answers import Check, Mend, Status, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.subject import Training

_MANY = 0.1
"""Share of rows that are cut off from which a warning says so."""

_CHAT_TEMPLATE = frozenset({"chat_template_missing", "chat_template_rewrites_history"})
_CANNOT_TELL = frozenset({"preview_failed"})


def fit(training: Training, facts: DatasetFacts) -> list[Check]:
    """What a dataset that can be trained on should still be known for."""
    return [
        ok("chat_template", "The model's tokenizer writes the rows as text, and tells answers from questions."),
        _lengths(training, facts),
        _held_out(facts),
    ]


def not_looked_at(context: Context) -> Check:
    """The dataset is not there yet, or nobody here can read it."""
    waits = context.python is not None and context.artifact("Dataset") is None
    sentence = (
        "The dataset, or the model, is still to be made by another job."
        if waits
        else "The rows were not looked at: this kernel, or this template, gives no way to."
    )
    return Check(name="dataset", status="unknown", sentence=sentence)


def being_counted() -> Check:
    """The counts take longer than one wants to wait for an answer."""
    return Check(
        name="dataset",
        status="unknown",
        sentence="The rows are being tokenized and counted.",
        mend=Mend(sentence="Ask again in a few seconds.", action={"kind": "ask-again"}),
    )


def refused(error: ModelOpsError, plan: Plan) -> Check:
    """The rows cannot be trained on with this tokenizer and length."""
    name = "chat_template" if error.code in _CHAT_TEMPLATE else "dataset"
    status: Status = "unknown" if error.code in _CANNOT_TELL else "blocked"
    mend = Mend(sentence=error.hint) if error.hint else None
    if error.code == "nothing_to_learn" and error.details.get("masked"):
        mend = changes(error.hint, {"max_length": plan.max_length * 2})
    return Check(name=name, status=status, sentence=error.message, mend=mend)


def _lengths(training: Training, facts: DatasetFacts) -> Check:
    limit, context = training.plan.max_length, training.shape.context
    about = "about " if facts.sampled < facts.rows else ""
    if context is not None and limit > context:
        sentence = f"The model reads at most {context:,} tokens; max_length is {limit:,}."
        shorter = changes(f"Set max_length={context}.", {"max_length": context})
        return Check(name="dataset", status="warning", sentence=sentence, mend=shorter)
    longest = min(-(-facts.longest // 64) * 64, context or facts.longest + 64)
    enough = changes(f"With max_length={longest} the longest row fits.", {"max_length": longest})
    parts = []
    if facts.over_length:
        parts.append(f"{about}{facts.over_length:,} are longer than {limit:,} tokens and are cut off there")
    if facts.masked:
        parts.append(f"{about}{facts.masked:,} lose their answer by that and are left out")
    if facts.empty:
        parts.append(f"{about}{facts.empty:,} have no answer and are left out")
    sentence = f"Of {facts.rows:,} rows " + ("; ".join(parts) if parts else f"none is longer than {limit:,} tokens")
    serious = facts.masked or facts.empty or facts.over_length > _MANY * facts.rows
    mend = enough if facts.over_length and longest > limit else None
    if facts.empty and mend is None:
        mend = Mend(sentence="Look at the rows: modelops datasets inspect NAME.")
    return Check(name="dataset", status="warning" if serious else "ok", sentence=f"{sentence}.", mend=mend)


def _held_out(facts: DatasetFacts) -> Check:
    if facts.held_out:
        return ok("held_out", f"The {facts.held_out} split is held out: the loss on it says what was learned.")
    return Check(
        name="held_out",
        status="warning",
        sentence="The dataset has no test split: some of its training rows are set aside instead.",
        mend=Mend(
            sentence="Add it again with rows held out.",
            command="modelops datasets add PATH --name NAME --test-fraction 0.1",
        ),
    )
