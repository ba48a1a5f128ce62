"""Starts, changes, stops and removes endpoints; any process may, one at a time for each endpoint."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from modelops.errors import Conflict, InvalidInput, ModelOpsError, Unavailable
from modelops.paths import StateHome
from modelops.registry import Registry
from modelops_server.endpoints.endpoint import START, Endpoint, endpoints, find
from modelops_server.endpoints.engines import load_engine
from modelops_server.endpoints.gpus import free_gpus
from modelops_server.endpoints.leftovers import clear_leftovers
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.planning import Plan, served
from modelops_server.endpoints.servable import find_servable
from modelops_server.endpoints.spec import EndpointSpec
from modelops_server.endpoints.status import Reason, State, Status
from modelops_server.gpu_claims import claim, claiming
from modelops_server.processes import Identity, send_signal

STOP = 30.0
"""Seconds that a keeper has to stop."""
_MOST_REVIVALS = 20
"""Restarts after which an endpoint whose keeper dies stays down until somebody starts it."""
_GLANCE = 0.05

_keepers: list[subprocess.Popen[bytes]] = []
"""Keepers that this process started: it collects them when they end."""


def start(home: StateHome, planned: Plan) -> Endpoint:
    """Start an endpoint's keeper, which outlives this process; returns before the model is loaded.

    Raises ``Conflict`` (``endpoint_exists``) where one of that name runs, ``Unavailable`` (``out_of_memory``,
    ``too_few_gpus``, ``keeper_failed``).
    """
    spec = planned.spec
    planned.check_memory()
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

    Raises ``Conflict`` (``endpoint_not_ready``), ``InvalidInput`` (``adapter_not_served``, ``adapter_not_removable``),
    and what finding the adapters raises. Where they cannot be loaded, the endpoint stays as it is, and its reason says
    why.
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
        place.write_spec(spec.model_copy(update={"adapters": tuple(map(served, servable.adapters))}))
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
    """Start the keepers anew that died without a last word, such as with the machine; returns the endpoints' names.

    One that cannot be started, such as for want of its engine, has failed with that reason, and keeps no other down.
    """
    revived = []
    for found in endpoints(home):
        if not found.lost:
            continue
        with found.place.managed():
            now = Endpoint.read(found.place)
            if now.lost and now.status.restarts < _MOST_REVIVALS:
                try:
                    _start(found.place, now.spec, restarts=now.status.restarts + 1)
                except ModelOpsError as error:
                    if error.code != "too_few_gpus":  # a job has them by now: it comes back when they are free
                        reason = Reason(code=error.code, detail=error.message, hint=error.hint)
                        found.place.write_status(now.status.ended(State.FAILED, reason))
                else:
                    revived.append(found.name)
    return revived


def _start(place: Place, spec: EndpointSpec, restarts: int = 0) -> Endpoint:
    engine = load_engine(spec.engine)
    engine.require(place.home, adapters=bool(spec.adapters))
    # Another job or endpoint may have taken since what was free when this was planned, or last ran.
    with claiming(place.home):
        gpus = free_gpus(place.home, engine, spec.options.gpus)
        place.write_spec(spec.model_copy(update={"gpus": gpus}))
        place.write_status(Status(state=State.STARTING, text="Starting", restarts=restarts).saying())
        keeper = _start_keeper(place)
        if gpus and (identity := Identity.of(keeper.pid)) is not None:
            claim(place.home, gpus, "endpoint", place.name, identity)
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
            place.write_status(status.ended(State.FAILED, Reason.of(error)))
            raise error
        time.sleep(_GLANCE)
    return Endpoint.read(place)


def _start_keeper(place: Place) -> subprocess.Popen[bytes]:
    with place.log.open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "modelops_server.endpoints.keeper", str(place.home.root), place.name],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "MODELOPS_HOME": str(place.home.root)},
        )


def _stop(place: Place) -> None:
    """Stop what runs; what is left of a keeper that died is removed."""
    try:
        found = Endpoint.read(place)
    except Unavailable:
        clear_leftovers(place)
        return
    keeper = found.status.keeper
    if found.status.state.ended:
        return
    if keeper is not None and keeper.alive:
        send_signal(keeper.pid, signal.SIGTERM)
        _wait_for_end(keeper)
    clear_leftovers(place)
    status = place.status()
    if not status.state.ended:
        place.write_status(status.ended(State.STOPPED, status.reason))


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
        clear_leftovers(place)
        shutil.rmtree(place.folder)
    place.folder.mkdir(parents=True, mode=0o700)
