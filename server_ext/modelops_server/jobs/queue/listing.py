"""Which jobs a page shows, and in which order: as SQL over the table ``jobs``, with what callers give bound."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from modelops_server.jobs.states import State

SortKey = Literal["submitted", "name", "state", "template", "duration"]

# Constants: these go into statements as they are. The order of submission is the tie-break of all, and an index has it.
_KEYS: dict[SortKey, str] = {
    "submitted": "jobs.number",
    "name": "jobs.name",
    "state": "jobs.state",
    "template": "jobs.template",
    "duration": "julianday(coalesce(jobs.finished, 'now')) - julianday(jobs.started)",
}
_SEARCHED = "jobs.id || ' ' || jobs.name || ' ' || jobs.template || ' ' || jobs.artifacts"


@dataclass(frozen=True)
class JobFilter:
    """Jobs in one of these states, of one of these templates, and whose words hold every word of the search."""

    states: Collection[State] = ()
    """Empty for all; so are the others."""
    templates: Collection[str] = ()
    search: str = ""
    """Compared with id, name, template and artifacts, in any case; a word may be a part of theirs."""

    def where(self) -> tuple[str, list[Any]]:
        """The condition, and the values that are bound in it."""
        conditions: list[str] = []
        values: list[Any] = []
        for column, chosen in (("state", self.states), ("template", self.templates)):
            if chosen:
                conditions.append(f"jobs.{column} IN (SELECT value FROM json_each(?))")  # noqa: S608
                values.append(json.dumps(sorted(chosen)))
        for word in self.search.lower().split():
            conditions.append(f"instr(lower({_SEARCHED}), ?)")
            values.append(word)
        return (f"WHERE {' AND '.join(conditions)}" if conditions else ""), values


def order_by(key: SortKey, *, descending: bool) -> str:
    """The order of a page; what has no duration yet comes last, whichever way it is sorted."""
    direction = "DESC" if descending else "ASC"
    if key == "submitted":
        return f"ORDER BY jobs.number {direction}"
    last = f"({_KEYS[key]}) IS NULL, " if key == "duration" else ""
    return f"ORDER BY {last}{_KEYS[key]} {direction}, jobs.number DESC"
