"""The engines that are installed: entry points of the group ``modelops.engines``."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib.metadata import entry_points
from pkgutil import resolve_name

from modelops.errors import InvalidInput, NotFound, Unavailable
from modelops.machine.gpus import gpus
from modelops.paths import StateHome
from modelops_server.endpoints.engines.engine import Engine
from modelops_server.endpoints.memory import Shape
from modelops_server.endpoints.servable import Servable
from modelops_server.endpoints.spec import Task

GROUP = "modelops.engines"

AUTO = "auto"

_OURS = {
    "llamacpp": "llamacpp.engine:LlamaCpp",
    "retrieval": "retrieval.engine:Retrieval",
    "transformers": "transformers.engine:Transformers",
    "vllm": "vllm.engine:Vllm",
}


def _preferred(task: Task) -> tuple[str, ...]:
    """The order in which ``auto`` looks for an engine that can: vLLM is worth its start where there is a GPU."""
    if task == "search":
        return ("retrieval",)
    return ("vllm", "llamacpp", "transformers") if gpus() else ("llamacpp", "transformers")


def engine_names(task: Task | None = None) -> list[str]:
    """The engines that can be named, or those of them that are made for a task."""
    names = sorted({point.name for point in entry_points(group=GROUP)} | set(_OURS))
    return [name for name in names if task is None or task in load_engine(name).tasks]


@cache
def load_engine(name: str) -> Engine:
    """The engine called ``name``; raises ``NotFound``. Every request asks for one, and they hold no state."""
    made = (
        resolve_name(f"{__name__}.{_OURS[name]}")
        if name in _OURS
        else next((point.load() for point in entry_points(group=GROUP, name=name)), None)
    )
    if made is None:
        known = ", ".join(engine_names())
        raise NotFound("unknown_engine", f"There is no engine {name!r}.", f"Choose one of: {known}.")
    engine: Engine = made()
    return engine


def choose_engine(name: str, servable: Servable, shape: Shape, home: StateHome) -> Engine:
    """The engine called ``name``, or with ``auto`` the first that is here and serves it.

    Raises ``Unavailable`` or ``InvalidInput`` with the reason where it does not; with ``auto`` with that of the last.
    """
    *others, last = _preferred(servable.task) if name == AUTO else (name,)
    for candidate in others:
        with suppress(InvalidInput, Unavailable):
            return engine_for(candidate, servable, shape, home)
    return engine_for(last, servable, shape, home)


def engine_for(name: str, servable: Servable, shape: Shape, home: StateHome) -> Engine:
    """The engine called ``name``; raises ``InvalidInput`` or ``Unavailable`` where it cannot serve ``servable``."""
    engine = load_engine(name)
    if servable.task not in engine.tasks:
        what = "an index" if servable.task == "search" else "a model"
        raise InvalidInput(
            "engine_cannot_serve",
            f"{engine.title} does not serve {what} such as {servable.model.ref}.",
            f"Choose one of: {', '.join(engine_names(servable.task))}.",
        )
    engine.refuse(servable)
    engine.refuse_shape(servable.model.ref, shape)
    engine.require(home, adapters=bool(servable.adapters))
    return engine
