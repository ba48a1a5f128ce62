"""Readiness of an evaluation of an index: what it is searched with is there, and so is whom it asks."""

from __future__ import annotations

from typing import Any

from modelops.errors import ModelOpsError
from modelops.registry import Artifact
from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.generation import asks_nobody
from modelops_server.jobs.readiness.kinds import Findings

_ASKED = ("writer", "endpoint", "judge")
"""The parameters that name an endpoint."""


def look(context: Context) -> Findings:
    """Look at an evaluation of an index whose parameters, references and kernel are right."""
    looks = (_embedder, _named, _chunks, _methods, _endpoint)
    return Findings([check for one in looks if (check := one(context)) is not None])


def _embedder(context: Context) -> Check | None:
    """An index is searched with the very model that it was made with."""
    index = context.artifacts.get("index")
    ref = index.metadata.get("embedder") if index else None
    if index is None or not isinstance(ref, str):
        return None
    found = _artifact(context, ref)
    if found is None or found.digest != index.metadata.get("embedder_digest", found.digest):
        what = "is not in this registry" if found is None else "is another model in this registry"
        return Check(
            name="embedder",
            status="blocked",
            sentence=f"{index.ref} is searched with {ref}, which {what}.",
            mend=Mend(sentence="Import the model that it was made with, or build the index again."),
        )
    return ok("embedder", f"{ref}, with which {index.ref} was made, is there.")


def _named(context: Context) -> Check | None:
    """Lists hold names of models as text, which nothing has looked up; rerankers of another kind are not looked up."""
    names = [*_list(context, "embedders"), *(name for name in _list(context, "rerankers") if ":" not in name)]
    missing = [name for name in names if _artifact(context, name) is None]
    if not missing:
        return ok("models", f"Tried are {', '.join(names)}.") if names else None
    sentence = f"There is no model {missing[0]} in the registry."
    return Check(name="models", status="blocked", sentence=sentence, mend=Mend(sentence="Add it: modelops models add"))


def _chunks(context: Context) -> Check | None:
    sizes = [size for size in _list(context, "chunk_sizes") if type(size) is int]
    index = context.artifacts.get("index")
    names = [str(index.metadata.get("embedder"))] if index else []
    for name in [*names, *_list(context, "embedders")]:
        embedder = _artifact(context, name)
        facts = embedder.metadata.get("embedding") if embedder else None
        most = facts.get("max_tokens") if isinstance(facts, dict) else None
        if type(most) is int and any(size > most for size in sizes):
            fitting = [size for size in sizes if size <= most] or [most]
            return Check(
                name="chunk_sizes",
                status="blocked",
                sentence=f"{name} reads {most:,} tokens of a text; chunks may have {max(sizes):,}.",
                mend=changes(f"Set chunk_sizes={fitting}.", {"chunk_sizes": fitting}),
            )
    return None


def _methods(context: Context) -> Check | None:
    unknown = [name for name in _list(context, "methods") if name not in {"dense", "bm25", "hybrid"}]
    if _list(context, "methods") and not unknown:
        return None
    sentence = f"There is no way of searching called {unknown[0]!r}." if unknown else "No way of searching is named."
    every = ["dense", "bm25", "hybrid"]
    return Check(
        name="methods", status="blocked", sentence=sentence, mend=changes(f"Set methods={every}.", {"methods": every})
    )


def _endpoint(context: Context) -> Check | None:
    return asks_nobody("endpoint") if any(context.values.get(name) for name in _ASKED) else None


def _list(context: Context, name: str) -> list[Any]:
    return context.values.get(name) or []


def _artifact(context: Context, ref: str) -> Artifact | None:
    try:
        return context.registry.get(ref)
    except ModelOpsError:
        return None
