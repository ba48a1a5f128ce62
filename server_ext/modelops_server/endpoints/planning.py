"""What would be started, and what it takes: known, and shown, before anything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from modelops.errors import ModelOpsError
from modelops.machine import memory_bytes
from modelops.machine.hardware import processor
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops_server.endpoints.engines import AUTO, choose_engine, engine_for, engine_names, load_engine
from modelops_server.endpoints.gpus import free_gpus
from modelops_server.endpoints.memory import Shape, check_fits, context_for, shape_of
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.servable import Servable, find_servable, fitting_adapters
from modelops_server.endpoints.spec import EndpointSpec, Options, ServedArtifact


@dataclass(frozen=True)
class Plan:
    """What would be started, and what it takes."""

    spec: EndpointSpec
    memory: dict[str, int]
    """Bytes by part."""

    def check_memory(self) -> None:
        """Raise ``Unavailable`` (``out_of_memory``) where it does not fit; what a GPU takes is not known here."""
        if not self.spec.gpus:
            check_fits(self.memory, self.spec.options.max_memory)


def plan(
    home: StateHome,
    ref: str,
    *,
    name: str | None = None,
    engine: str = AUTO,
    adapters: Sequence[str] = (),
    reranker: str | None = None,
    options: Options | None = None,
) -> Plan:
    """What would be started for these wishes; nothing is verified or started.

    Raises ``InvalidInput``, ``NotFound``, ``Conflict`` (``rejected``) and ``Unavailable`` with what is in the way;
    memory is not.
    """
    options, registry = options or Options(), Registry(home)
    servable = find_servable(registry, ref, adapters, reranker, allow_rejected=options.allow_rejected)
    return _plan(home, registry, servable, name, engine, options)


def look(
    home: StateHome,
    ref: str,
    *,
    name: str | None,
    engine: str,
    adapters: Sequence[str],
    reranker: str | None = None,
    options: Options,
) -> dict[str, Any]:
    """The plan as JSON, for a form; what is wrong is part of it, and nothing is raised for it."""
    found: dict[str, Any] = {
        "problem": None,
        "name": name,
        "engine": None,
        "context": None,
        "memory": {},
        "free": memory_bytes()[1],
        "engines": [],
        "adapters": [],
    }
    try:
        registry = Registry(home)
        found["adapters"] = fitting_adapters(registry, ref)
        servable = find_servable(registry, ref, adapters, reranker, allow_rejected=options.allow_rejected)
        shape = shape_of(registry, servable)
        candidates = engine_names(servable.task)
        found["engines"] = [_choice(candidate, servable, shape, home) for candidate in candidates]
        planned = _plan(home, registry, servable, name, engine, options)
        spec = planned.spec
        found |= {
            "name": spec.name,
            "engine": spec.engine,
            "context": spec.options.context,
            "memory": planned.memory,
        }
        planned.check_memory()
    except ModelOpsError as error:
        found["problem"] = error.as_json()
    return found


def served(artifact: Artifact) -> ServedArtifact:
    """An artifact as an endpoint keeps it."""
    return ServedArtifact(ref=artifact.ref, digest=artifact.digest)


def _plan(
    home: StateHome, registry: Registry, servable: Servable, name: str | None, engine: str, options: Options
) -> Plan:
    shape = shape_of(registry, servable)
    chosen = choose_engine(engine, servable, shape, home)
    context = context_for(shape, options.context)
    spec = EndpointSpec(
        name=Place.of(home, name or servable.target.name).name,
        task=servable.task,
        model=served(servable.model),
        embedder=served(servable.embedder) if servable.embedder else None,
        reranker=served(servable.reranker) if servable.reranker else None,
        adapters=tuple(map(served, servable.adapters)),
        default_adapter=servable.default.name if servable.default else None,
        engine=chosen.name,
        gpus=free_gpus(home, chosen, options.gpus),
        options=options.model_copy(update={"context": context, "threads": options.threads or processor().cores}),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return Plan(spec, chosen.memory(shape, context, options.parallel))


def _choice(name: str, servable: Servable, shape: Shape, home: StateHome) -> dict[str, Any]:
    """An engine, and why it cannot be taken, as JSON."""
    problem = None
    try:
        engine_for(name, servable, shape, home)
    except ModelOpsError as error:
        problem = error.as_json()
    return {"name": name, "title": load_engine(name).title, "problem": problem}
