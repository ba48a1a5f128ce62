"""Starts, changes, stops and removes endpoints; any process may, one at a time for each endpoint."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from modelops.errors import Conflict, InvalidInput, Unavailable
from modelops.machine.gpus import gpus as find_gpus
from modelops.machine.hardware import processor
from modelops.paths import StateHome
from modelops.registry import Artifact, Registry
from modelops_server.endpoints.endpoint import START, Endpoint, endpoints, find
from modelops_server.endpoints.engines import AUTO, choose_engine, load_engine
from modelops_server.endpoints.keeper.engine_process import remove_sockets
from modelops_server.endpoints.memory import check_fits, context_for, shape_of
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.servable import find_servable
from modelops_server.endpoints.spec import EndpointSpec, Options, ServedArtifact
from modelops_server.endpoints.status import Reason, State, Status
from modelops_server.processes import Identity, kill_job, send_signal

STOP = 30.0
"""Seconds that a keeper has to stop."""
_GLANCE = 0.05

_keepers: list[subprocess.Popen[bytes]] = []
"""Keepers that this process started: it collects them when they end."""


@dataclass(frozen=True)
class Plan:
    """What would be started, and what it takes."""

    spec: EndpointSpec
    memory: dict[str, int]
    """Bytes by part."""


def plan(
    home: StateHome,
    ref: str,
    *,
    name: str | None = None,
    engine: str = AUTO,
    adapters: Sequence[str] = (),
    options: Options | None = None,
) -> Plan:
    """What :func:`start` would start; nothing is verified or started.

    Raises ``InvalidInput``, ``NotFound``, ``Conflict`` (``rejected``) and ``Unavailable`` with what is in the way;
    memory is not.
    """
    options = options or Options()
    registry = Registry(home)
    servable = find_servable(registry, ref, adapters, allow_rejected=options.allow_rejected)
    chosen = choose_engine(engine, servable, home)
    shape = shape_of(registry, servable)
    context = context_for(shape, options.context)
    spec = EndpointSpec(
        name=Place.of(home, name or servable.target.name).name,
        model=_served(servable.model),
        adapters=tuple(map(_served, servable.adapters)),
        default_adapter=servable.default.name if servable.default else None,
        engine=chosen.name,
        gpus=_free_gpus(home, options.gpus),
        options=options.model_copy(update={"context": context, "threads": options.threads or processor().cores}),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return Plan(spec, chosen.memory(shape, context, options.parallel))


def start(home: StateHome, planned: Plan) -> Endpoint:
    """Start an endpoint's keeper, which outlives this process; returns before the model is loaded.

    Raises ``Conflict`` (``endpoint_exists``) where one of that name runs, ``Unavailable`` (``out_of_memory``,
    ``keeper_failed``).
    """
    spec = planned.spec
    if not spec.gpus:
        check_fits(planned.memory, spec.options.max_memory)
    place = Place.of(home, spec.name)
    with place.managed():
        if place.folder.exists() and not _ended(place):
            raise Conflict(
                "endpoint_exists",
                f"The endpoint {spec.name!r} runs already.",
                f"Stop it first (modelops endpoints stop {spec.name}), or choose another --name.",
            )
        _clear(place)
        return _start(place, spec)


def restart(home: StateHome, name: str) -> Endpoint:
    """Start an endpoint as it was asked for, after stopping it where it runs; raises as :func:`start` does."""
    place = find(home, name).place
    with place.managed():
        _stop(place)
        return _start(place, place.spec())


def stop(home: StateHome, name: str) -> Endpoint:
    """Stop an endpoint, and return when nothing of it runs; one that has ended stays as it is. Raises ``NotFound``."""
    place = find(home, name).place
    with place.managed():
        _stop(place)
    return Endpoint.read(place)


def remove(home: StateHome, name: str) -> None:
    """Stop an endpoint and forget it, with its log. Raises ``NotFound``."""
    place = Place.of(home, name)
    if not place.folder.exists():
        find(home, name)
    with place.managed():
        _stop(place)
        shutil.rmtree(place.folder, ignore_errors=True)


def set_adapters(home: StateHome, name: str, *, add: Sequence[str] = (), remove_names: Sequence[str] = ()) -> Endpoint:
    """Serve other adapters beside the model, while requests go on; returns at once.

    Raises ``Conflict`` (``endpoint_not_ready``), ``NotFound`` (``adapter_not_served``), and what finding the adapters
    raises. Where they cannot be loaded, the endpoint stays as it is, and its reason says why.
    """
    place = find(home, name).place
    with place.managed():
        found = Endpoint.read(place)
        if not found.ready:
            raise Conflict(
                "endpoint_not_ready",
                f"The endpoint {name!r} is {found.state.value}.",
                "Wait until it is ready, or start it with the adapters.",
            )
        spec = found.spec
        kept = [adapter for adapter in spec.adapters if adapter.name not in remove_names]
        if missing := set(remove_names) - {adapter.name for adapter in spec.adapters}:
            raise InvalidInput(
                "adapter_not_served", f"{name} does not serve {', '.join(sorted(missing))}.", "See its model names."
            )
        if spec.default_adapter in remove_names:
            raise InvalidInput(
                "adapter_not_removable",
                f"{name} was started for {spec.default_adapter}.",
                "Stop the endpoint instead.",
            )
        refs = [adapter.ref for adapter in kept]
        servable = find_servable(
            Registry(home), spec.model.ref, [*refs, *add], allow_rejected=spec.options.allow_rejected
        )
        place.write_spec(spec.model_copy(update={"adapters": tuple(map(_served, servable.adapters))}))
        if found.status.keeper is not None:
            send_signal(found.status.keeper.pid, signal.SIGHUP)
    return Endpoint.read(place)


def wait_until_settled(home: StateHome, name: str, told: Callable[[Endpoint], None] = lambda _: None) -> Endpoint:
    """The endpoint once it is ready or has ended; ``told`` hears of each state and text before."""
    last = None
    while True:
        found = find(home, name)
        if found.state is State.READY or found.state.ended:
            return found
        if (now := (found.state, found.status.text)) != last:
            last = now
            told(found)
        time.sleep(_GLANCE)


def revive(home: StateHome) -> list[str]:
    """Start the keepers anew that died without a last word, such as with the machine; returns the endpoints' names."""
    revived = []
    for found in endpoints(home):
        if not found.lost:
            continue
        with found.place.managed():
            now = Endpoint.read(found.place)
            if now.lost and now.status.restarts < _MOST_REVIVALS:
                _start(found.place, now.spec, restarts=now.status.restarts + 1)
                revived.append(found.name)
    return revived


_MOST_REVIVALS = 20
"""Restarts after which an endpoint whose keeper dies stays down until somebody starts it."""


def _start(place: Place, spec: EndpointSpec, restarts: int = 0) -> Endpoint:
    load_engine(spec.engine).require(place.home, adapters=bool(spec.adapters))
    place.write_spec(spec)
    place.write_status(Status(state=State.STARTING, text="Starting", restarts=restarts).saying())
    with place.log.open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelops_server.endpoints.keeper", str(place.home.root), place.name],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "MODELOPS_HOME": str(place.home.root)},
        )
    _keepers[:] = [child for child in _keepers if child.poll() is None]
    _keepers.append(keeper)
    deadline = time.monotonic() + START
    while (status := place.status()).keeper is None:
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            error = Unavailable(
                "keeper_failed",
                f"The keeper of {place.name!r} did not come up.",
                f"Its log says more: modelops endpoints log {place.name}",
            )
            place.write_status(status.saying(state=State.FAILED, text="", reason=Reason.of(error)))
            raise error
        time.sleep(_GLANCE)
    return Endpoint.read(place)


def _stop(place: Place) -> None:
    """Stop what runs; what is left of a keeper that died is removed."""
    try:
        found = Endpoint.read(place)
    except Unavailable:
        kill_job(place.mark)
        return
    keeper = found.status.keeper
    if found.status.state.ended:
        return
    if keeper is not None and keeper.alive:
        send_signal(keeper.pid, signal.SIGTERM)
        _wait_for_end(keeper)
    kill_job(place.mark)
    remove_sockets(place)
    status = place.status()
    if not status.state.ended:
        place.write_status(
            status.saying(state=State.STOPPED, text="", engine=None, socket=None, ready_since=None, memory=None)
        )


def _wait_for_end(keeper: Identity) -> None:
    deadline = time.monotonic() + STOP
    while keeper.alive:
        for child in _keepers:
            child.poll()
        if time.monotonic() > deadline:
            send_signal(keeper.pid, signal.SIGKILL)
        time.sleep(_GLANCE)


def _ended(place: Place) -> bool:
    try:
        found = Endpoint.read(place)
    except Unavailable:
        return True
    return found.state.ended


def _clear(place: Place) -> None:
    if place.folder.exists():
        kill_job(place.mark)
        shutil.rmtree(place.folder)
    place.folder.mkdir(parents=True, mode=0o700)


def _served(artifact: Artifact) -> ServedArtifact:
    return ServedArtifact(ref=artifact.ref, digest=artifact.digest)


def _free_gpus(home: StateHome, count: int | None) -> tuple[str, ...]:
    """The first ``count`` GPUs that no other endpoint holds; raises ``Unavailable`` where there are not so many."""
    if count == 0:
        return ()
    held = {gpu for found in endpoints(home) if not found.state.ended for gpu in found.spec.gpus}
    free = [gpu.id for gpu in find_gpus() if gpu.id not in held]
    if count is not None and len(free) < count:
        raise Unavailable(
            "too_few_gpus",
            f"{count} GPUs were asked for; {len(free)} are free.",
            "Ask for fewer: --gpus 0 serves on the CPU.",
        )
    return tuple(free[: 1 if count is None else count])
