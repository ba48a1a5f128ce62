"""Whether an adapter belongs to the model that it is to be used with; beside another it runs, and babbles."""

from __future__ import annotations

from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context


def belongs(context: Context) -> Check | None:
    """The check that the job's adapter was trained on its model; ``None`` without an adapter, or a model yet."""
    adapter, model = context.artifact("Adapter"), context.artifact("Model")
    if adapter is None or model is None:
        return None
    digest, named = adapter.metadata.get("base_digest"), adapter.metadata.get("base_model")
    if digest == model.digest:
        return ok("adapter", f"{adapter.ref} was trained on {model.ref}.")
    if not (isinstance(named, str) and isinstance(digest, str)):
        return Check(
            name="adapter",
            status="blocked",
            sentence=f"The statement of {adapter.ref} does not say which model it was trained on.",
            mend=Mend(sentence="Register it with the reference and digest of its base model as metadata."),
        )
    # By its digest: of another registry's model of that name nothing is known.
    if not (found := context.registry.index.by_digest([digest])):
        return Check(
            name="adapter",
            status="blocked",
            sentence=f"{adapter.ref} was trained on {named} (sha256:{digest[:16]}…), which is not registered here.",
            mend=Mend(
                sentence=f"Export {named} where the adapter was made, and import it here.",
                command="modelops artifacts import PATH",
            ),
        )
    base, parameter = found[0].ref, context.parameter("Model") or "model"
    return Check(
        name="adapter",
        status="blocked",
        sentence=f"{adapter.ref} was trained on {base}, which is not {model.ref}.",
        mend=changes(f"Set {parameter}={base}.", {parameter: base}),
    )
