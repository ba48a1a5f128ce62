"""Readiness of an index: whether there are documents to read, and the embedding model reads whole chunks."""

from __future__ import annotations

from modelops.errors import ModelOpsError
from modelops.rag.reading import find_documents
from modelops_server.jobs.readiness import stored
from modelops_server.jobs.readiness.answers import Check, Mend, changes, ok
from modelops_server.jobs.readiness.asked import Context
from modelops_server.jobs.readiness.generation import asks_nobody
from modelops_server.jobs.readiness.kinds import Findings


def look(context: Context) -> Findings:
    """Look at an index whose parameters, references and kernel are right."""
    looks = (_documents, stored.refuse_form, _chunks, _endpoint)
    return Findings([check for one in looks if (check := one(context)) is not None])


def _documents(context: Context) -> Check:
    values = context.values
    paths, urls, rows = values.get("documents") or [], values.get("urls") or [], context.artifact("Dataset")
    if not (paths or urls or rows):
        mend = Mend(sentence="Name folders or files, URLs, or a dataset.")
        return Check(name="documents", status="blocked", sentence="No documents are named.", mend=mend)
    named = [f"{len(urls):,} URLs"] if urls else []
    if rows:
        named.append(f"the rows of {rows.ref}")
    if paths:
        try:
            places = [context.asked.folder / path for path in paths]
            found = find_documents(places, values.get("include") or [], values.get("exclude") or [])
        except ModelOpsError as error:
            return Check(name="documents", status="blocked", sentence=error.message, mend=Mend(sentence=error.hint))
        named.insert(0, f"{len(found.files):,} files")
        if found.skipped:
            named.append(f"not {len(found.skipped):,} that are hidden, links or no files")
    return ok("documents", f"Read are {', '.join(named)}.")


def _chunks(context: Context) -> Check | None:
    embedder, size = context.artifact("Model"), context.values.get("chunk_size")
    facts = embedder.metadata.get("embedding") if embedder else None
    most = facts.get("max_tokens") if isinstance(facts, dict) else None
    if embedder is None or type(most) is not int or type(size) is not int or size <= most:
        return None
    sentence = f"{embedder.ref} reads {most:,} tokens of a text; chunks may have {size:,}."
    mend = changes(f"Set chunk_size={most}.", {"chunk_size": most})
    return Check(name="chunk_size", status="blocked", sentence=sentence, mend=mend)


def _endpoint(context: Context) -> Check | None:
    return asks_nobody("endpoint") if context.values.get("endpoint") else None
