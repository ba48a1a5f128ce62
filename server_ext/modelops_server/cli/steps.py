"""What a long command is doing now: one changing line on a terminal, and lines of JSON for a program that asks."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from modelops_server.cli.output import console, printable
from modelops_server.tasks import PROGRESS

_EVERY = 0.2
"""Seconds between two lines of JSON that say the same step again."""


@contextmanager
def steps(first: str, *, lines: bool = True) -> Iterator[Callable[[str], None]]:
    """Says each step on standard error; where that is no terminal, as a line for each new one if ``lines``."""
    if os.environ.get(PROGRESS) == "json":
        yield _as_json()
        return
    out = console(stderr=True)
    if out.is_terminal:
        from rich.text import Text

        with out.status(f"{first} …") as status:
            yield lambda line: status.update(Text(f"{line} …"))
        return
    seen: set[str] = set()

    def echo(line: str) -> None:
        if lines and (step := _step(line)) not in seen:
            seen.add(step)
            click.echo(printable(step), err=True)

    yield echo


def _as_json() -> Callable[[str], None]:
    last: dict[str, float] = {}

    def tell(line: str) -> None:
        step, now = _step(line), time.monotonic()
        if now - last.get(step, -_EVERY) >= _EVERY:
            last[step] = now
            click.echo(json.dumps({"text": line, "fraction": _fraction(line)}, ensure_ascii=False), err=True)

    return tell


def _step(line: str) -> str:
    """A line without how far the step is."""
    return re.sub(r": \d+ of \d+ MB$| … [\d,]+ rows$", "", line)


def _fraction(line: str) -> float | None:
    found = re.search(r": (\d+) of (\d+) MB$", line)
    return min(1.0, int(found[1]) / int(found[2])) if found and int(found[2]) else None
