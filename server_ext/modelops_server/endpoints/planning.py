"""What a form shows before anything is started: the plan, or what is in its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelops.errors import ModelOpsError
from modelops.machine import memory_bytes
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.endpoints.engines import engine_names, load_engine
from modelops_server.endpoints.manager import plan
from modelops_server.endpoints.memory import check_fits
from modelops_server.endpoints.servable import Servable, find_servable
from modelops_server.endpoints.spec import Options


def look(
    home: StateHome, ref: str, *, name: str | None, engine: str, adapters: Sequence[str], options: Options
) -> dict[str, Any]:
    """The plan as JSON; what is wrong is part of it, and nothing is raised for it."""
    found: dict[str, Any] = {
        "problem": None,
        "name": name,
        "engine": None,
        "context": None,
        "memory": {},
        "free": memory_bytes()[1],
        "engines": [],
    }
    try:
        servable = find_servable(Registry(home), ref, adapters, allow_rejected=options.allow_rejected)
        found["engines"] = [_choice(candidate, servable, home) for candidate in engine_names()]
        planned = plan(home, ref, name=name, engine=engine, adapters=adapters, options=options)
        spec = planned.spec
        found |= {
            "name": spec.name,
            "engine": spec.engine,
            "context": spec.options.context,
            "memory": planned.memory,
        }
        if not spec.gpus:
            check_fits(planned.memory, options.max_memory)
    except ModelOpsError as error:
        found["problem"] = error.as_json()
    return found


def _choice(name: str, servable: Servable, home: StateHome) -> dict[str, Any]:
    engine, problem = load_engine(name), None
    try:
        engine.refuse(servable)
        engine.require(home, adapters=bool(servable.adapters))
    except ModelOpsError as error:
        problem = error.as_json()
    return {"name": name, "title": engine.title, "problem": problem}
