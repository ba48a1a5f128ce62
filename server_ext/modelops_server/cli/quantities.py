"""Sizes and durations on the command line: ``2GB``, ``512MiB``, ``90``, ``15m``, ``2h``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import click

_BYTES: dict[str, float] = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _BYTES |= {_letter: 1000**_power, f"{_letter}b": 1000**_power, f"{_letter}ib": 1024**_power}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}

_QUANTITY = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]*)", re.IGNORECASE)


class _Quantity(click.ParamType[float]):
    units: Mapping[str, float]
    examples: str
    smallest: float = 1e-9

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        match = _QUANTITY.fullmatch(str(value).strip())
        unit = self.units.get(match[2].lower()) if match else None
        if match is None or unit is None or float(match[1]) < self.smallest:
            self.fail(f"{value!r} is not a {self.name}; write it as {self.examples}.", param, ctx)
        return float(match[1]) * unit


class Size(_Quantity):
    """A number of bytes; decimal units (``GB``) and binary ones (``GiB``)."""

    name = "size"
    units = _BYTES
    examples = "2GB, 512MiB or 1500000000"


class Duration(_Quantity):
    """A number of seconds."""

    name = "duration"
    units = _SECONDS
    examples = "90, 15m or 2h"

    def __init__(self, zero: bool = False) -> None:
        if zero:
            self.smallest = 0.0
