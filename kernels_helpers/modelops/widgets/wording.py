"""A job's record and progress, and an answer, as the few words that a widget shows."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from modelops.client import Progress, Reply
from modelops.client.jobs import TERMINAL
from modelops.units import human_seconds

MARKS = {
    "queued": "○",
    "starting": "◔",
    "running": "▶",
    "finalizing": "◕",
    "succeeded": "✓",
    "failed": "✗",
    "cancelled": "■",
    "interrupted": "‖",
}
"""A sign for each state, so that none is told by its colour alone."""

_LINES = 12
"""Lines of a traceback that are shown."""


def job_in_words(record: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """What a view of a job shows; texts are plain and may come from the notebook."""
    state = record["state"]
    active = state not in TERMINAL and state != "queued"
    left = progress.seconds_left(time.time()) if active else None
    return {
        "id": record["id"],
        "name": record["name"],
        "title": record.get("template_title") or record["template"],
        "state": state,
        "mark": MARKS.get(state, ""),
        "ended": state in TERMINAL,
        "cancelling": bool(record["cancel_requested"]) and state not in TERMINAL,
        "waiting": _waiting(record, state),
        "cell": _cell(progress) if active else "",
        "step": _step(progress) if active else "",
        "fraction": _fraction(progress) if active else None,
        "left": f"{human_seconds(left)} left" if left is not None else "",
        "note": progress.note,
        "duration": _duration(record),
        "reason": _reason(record),
        "artifacts": list(record["artifacts"]),
    }


def answer_in_words(reply: Reply, most: int | None, *, failed: bool = False) -> dict[str, str]:
    """What a view of an answer shows; ``most`` are the tokens that were asked for, ``text`` is the model's.

    ``state`` is ``waiting``, ``streaming``, ``done``, ``stopped`` or ``failed``; ``facts`` are what it took, and
    ``ending`` why it ended where it did, empty where the model has ended it.
    """
    facts = [
        f"{reply.tokens:,} token{'s' * (reply.tokens != 1)}" if reply.tokens is not None else "",
        f"{reply.tokens_per_second:,.3g} tokens/s" if reply.tokens_per_second is not None else "",
        f"first after {reply.first:.2f} s" if reply.first is not None else "",
    ]
    state = "failed" if failed else _state(reply)
    return {
        "state": state,
        "text": reply.text,
        "facts": " · ".join(fact for fact in facts if fact),
        "ending": "stopped before its end" if state == "stopped" else _ending(reply, most),
    }


def _state(reply: Reply) -> str:
    if reply.stopped:
        return "stopped"
    if reply.finish_reason is not None:
        return "done"
    return "streaming" if reply.text else "waiting"


def _ending(reply: Reply, most: int | None) -> str:
    match reply.finish_reason:
        case None:
            return ""
        case "stop":
            return "" if reply.text.strip() else "it said nothing"
        case "length" if most is not None and (reply.tokens or 0) >= most:
            return f"cut off after {most:,} token{'s' * (most != 1)}, as set"
        case "length":
            return "cut off: the context of the model is full"
        case other:
            return f"ended: {other}"


def answer_in_parts(text: str, citations: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """An answer in pieces; those that are citations have the ``number`` of the passage, and all others 0.

    What only looks like one, such as ``row[1]`` in code, stays text, and so does one whose sentence has not ended yet.
    """
    parts, done = [], 0
    for one in sorted(citations, key=lambda one: int(one["at"])):
        marker, begin = f"[{one['number']}]", int(one["at"])
        if begin >= done and text[begin:].startswith(marker):
            parts += [(text[done:begin], 0), (marker, int(one["number"]))]
            done = begin + len(marker)
    return [{"text": part, "number": number} for part, number in [*parts, (text[done:], 0)] if part]


def passages_in_words(
    hits: Sequence[Mapping[str, Any]], citations: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Passages that were found, as a view shows them.

    ``parts`` are the text in pieces; those that are ``marked`` are the sentences that the citations point to.
    """
    shown = []
    for number, hit in enumerate(hits, 1):
        cited = [one["highlight"] for one in citations if one["number"] == number and one["highlight"]]
        spans = [(one["start"] - hit["start"], one["end"] - hit["start"]) for one in cited]
        headings = " / ".join(hit["headings"])
        page = f"page {hit['page']}" if hit["page"] is not None else ""
        shown.append(
            {
                "number": number,
                "source": hit["source"],
                "where": " · ".join(part for part in (hit["source"], page, headings) if part),
                "parts": _marked(hit["text"], spans),
            }
        )
    return shown


def _marked(text: str, spans: list[tuple[int, int]]) -> list[dict[str, Any]]:
    """The text in pieces; ``spans`` in characters say which are marked. What two of them share is marked once."""
    parts, done = [], 0
    for start, end in sorted(spans):
        begin = max(start, done)
        if begin < end <= len(text):
            parts += [(text[done:begin], False), (text[begin:end], True)]
            done = end
    return [{"text": part, "marked": marked} for part, marked in [*parts, (text[done:], False)] if part]


def checks_in_words(checks: Mapping[str, Any]) -> str:
    """What the letters of an answer tell of it, in a sentence; empty where it was not looked at."""
    if not checks:
        return ""
    if checks["refused"]:
        return "The documents hold no answer, or none that was found."
    supported, sentences = checks["supported"], len(checks["sentences"])
    said = [f"{supported} of {sentences} sentences share most of their words with what they cite"]
    for key, one, many in (
        ("uncited", "sentence cites nothing", "sentences cite nothing"),
        ("quotes_missing", "quotation does not stand there", "quotations do not stand there"),
        ("numbers_missing", "number stands in no passage", "numbers stand in no passage"),
        ("citations_removed", "citation of nothing was removed", "citations of nothing were removed"),
    ):
        if count := checks[key]:
            said.append(f"{count} {one if count == 1 else many}")
    return f"{'; '.join(said)}."


def _waiting(record: dict[str, Any], state: str) -> str:
    if state != "queued":
        return ""
    ahead = record.get("ahead", 0)
    return f"{ahead} {'job' if ahead == 1 else 'jobs'} ahead" if ahead else "starts as soon as what it needs is free"


def _cell(progress: Progress) -> str:
    if progress.cell is None:
        return ""
    number, total, first_line = progress.cell
    return f"cell {number} of {total}: {first_line.lstrip('# ')}"


def _step(progress: Progress) -> str:
    work = progress.work
    if work is None:
        return ""
    of = f" of {work['total']:g}" if isinstance(work.get("total"), int | float) else ""
    return f"{work.get('phase', '')} {work['done']:g}{of} {work.get('unit', '')}".strip()


def _fraction(progress: Progress) -> float | None:
    work = progress.work
    if work is None or not isinstance(work.get("total"), int | float) or work["total"] <= 0:
        return None
    return float(min(1.0, max(0.0, work["done"] / work["total"])))


def _duration(record: dict[str, Any]) -> str:
    if not record["started"] or not record["finished"]:
        return ""
    started, finished = (datetime.fromisoformat(record[key]) for key in ("started", "finished"))
    return human_seconds(max(0.0, (finished - started).total_seconds()))


def _reason(record: dict[str, Any]) -> dict[str, Any]:
    reason = record["reason"]
    if not reason:
        return {}
    details = reason.get("details") or {}
    return {
        "code": reason["code"],
        "message": reason["message"],
        "hint": reason.get("hint", "").replace(" ID", f" {record['id']}"),
        "lines": [str(line) for line in details.get("traceback") or []][-_LINES:],
    }
