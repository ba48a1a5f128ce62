"""Keeps one endpoint: verifies what it serves, starts its engine, watches it, and starts it anew when it ends."""

from __future__ import annotations

import fcntl
import logging
import signal
import threading
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from modelops.errors import ModelOpsError, VerificationError
from modelops.registry import Registry, VerifiedArtifact
from modelops.registry.locks import locked
from modelops.registry.scratch import ScratchFolder
from modelops_server.endpoints.engines import load_engine
from modelops_server.endpoints.engines.assignment import AdapterFolder, Assignment, ModelFolder
from modelops_server.endpoints.keeper.engine_process import EngineProcess
from modelops_server.endpoints.keeper.log import shorten
from modelops_server.endpoints.keeper.watch import EngineEnded, Idle, Watch
from modelops_server.endpoints.leftovers import clear_leftovers
from modelops_server.endpoints.parity import Diverged, check
from modelops_server.endpoints.place import Place
from modelops_server.endpoints.sockets import connections
from modelops_server.endpoints.spec import EndpointSpec, ServedArtifact
from modelops_server.endpoints.status import Reason, State, Status
from modelops_server.processes import Identity, become_subreaper

_BACK_OFF = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds before an engine is started anew, for each time in a row that it ended."""
_STEADY = 60.0
"""Seconds after which an engine that ends has not ended in a row."""
_DRAIN = 120.0
"""Seconds that requests may go on at an engine that was replaced."""

_log = logging.getLogger("modelops.endpoint")


class Stopped(BaseException):
    """Somebody wants the endpoint to stop. Not an ``Exception``: nothing on the way may take it for a failure."""


class Keeper:
    """One endpoint's supervisor. It works in the main thread, whose death ends the engine."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._status = Status(state=State.STARTING, keeper=Identity.mine())
        self._change = threading.Event()
        self._opened: dict[str, VerifiedArtifact] = {}
        self._process: EngineProcess | None = None

    def run(self) -> None:
        """Keep the endpoint until it is stopped, or can go on no longer; returns when nothing of it is left."""
        become_subreaper()
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGHUP, lambda *_: self._change.set())
        clear_leftovers(self._place)
        with ExitStack() as held:
            try:
                self._keep(held)
            except Stopped:
                self._say(state=State.STOPPING, text="Stopping")
                self._end(State.STOPPED, None)
            except Idle as idle:
                self._end(State.STOPPED, idle.reason)
            except EngineEnded as ended:
                self._end(State.FAILED, ended.reason)
            except ModelOpsError as error:
                self._end(State.FAILED, Reason.of(error))
            except Exception:  # noqa: BLE001 - whatever it is, somebody must hear that the endpoint is gone
                _log.exception("The keeper fails")
                detail = "The endpoint's keeper failed; its log says where."
                self._end(State.FAILED, Reason(code="keeper_failed", detail=detail))

    def _keep(self, held: ExitStack) -> None:
        spec = self._place.spec()
        load_engine(spec.engine).require(self._place.home, adapters=bool(spec.adapters))
        self._say(text="Verifying")
        scratch = ScratchFolder(self._place.home)
        held.callback(scratch.remove)
        held.callback(self._close)
        assignment = self._assignment(spec, scratch.path)
        self._process = self._brought_up(spec, assignment)
        ended_in_a_row = 0
        while True:
            began = time.monotonic()
            try:
                self._watch(spec, self._process).wait()
                spec, assignment = self._changed(spec, assignment, scratch.path)
            except EngineEnded as ended:
                _log.warning("%s", ended.reason.detail)
                ended_in_a_row = 1 if time.monotonic() - began > _STEADY else ended_in_a_row + 1
                # What took too much memory at once will do so again.
                most = 2 if ended.reason.code == "out_of_memory" else len(_BACK_OFF)
                if ended_in_a_row >= most:
                    raise
                self._bring_back(spec, assignment, ended.reason, _BACK_OFF[ended_in_a_row - 1])

    def _bring_back(self, spec: EndpointSpec, assignment: Assignment, reason: Reason, pause: float) -> None:
        """Start the engine anew after a pause; raises ``EngineEnded`` when it does not come up."""
        self._say(
            state=State.RESTARTING,
            text="Starting the engine anew",
            reason=reason,
            ready_since=None,
            socket=None,
            memory=None,
            restarts=self._status.restarts + 1,
        )
        if self._process is not None:
            self._process.end()
        time.sleep(pause)
        self._process = self._brought_up(spec, assignment)

    def _brought_up(self, spec: EndpointSpec, assignment: Assignment) -> EngineProcess:
        """A new engine that answers, and answers as its model did when it was evaluated; it is announced as ready."""
        engine = load_engine(spec.engine)
        loading = "Opening the index" if spec.task == "search" else f"Loading the model into {engine.title}"
        self._say(text=loading)
        shorten(self._place.log)
        process = EngineProcess(engine, assignment, self._place, ",".join(spec.gpus))
        try:
            self._say(engine=process.identity)
            self._watch(spec, process).until_healthy()
            self._compare(spec, process)
        except BaseException:
            process.end()
            raise
        self._announce(spec, process)
        return process

    def _watch(self, spec: EndpointSpec, process: EngineProcess) -> Watch:
        title = load_engine(spec.engine).title
        return Watch(self._place, spec, title, process, self._change, lambda memory: self._say(memory=memory))

    def _compare(self, spec: EndpointSpec, process: EngineProcess) -> None:
        """Compare what was not compared yet with its evaluation; an engine that is started anew serves the same."""
        try:
            found = check(self._place.home, spec, process.socket, self._status.parity, self._tell)
        except Diverged as diverged:
            self._say(parity=(*self._status.parity, diverged.details["parity"]))
            raise
        self._say(parity=found)

    def _announce(self, spec: EndpointSpec, process: EngineProcess) -> None:
        self._place.used.touch()
        self._say(
            state=State.READY,
            text="",
            reason=None,
            engine=process.identity,
            socket=str(process.socket),
            model_names=tuple(spec.model_names),
            context=process.assignment.context,
            ready_since=datetime.now(UTC).isoformat(timespec="seconds"),
            memory=process.memory(),
        )

    def _changed(self, spec: EndpointSpec, assignment: Assignment, scratch: Path) -> tuple[EndpointSpec, Assignment]:
        """Put an engine that has other adapters in the place of the present one, which ends when it is free.

        When that fails, everything stays as it is, and the status says why.
        """
        self._change.clear()
        wanted, before = self._place.spec(), self._process
        if wanted == spec:
            return spec, assignment
        try:
            prepared = self._assignment(wanted, scratch)
            replacement = self._brought_up(wanted, prepared)
        except (ModelOpsError, EngineEnded) as error:
            reason = error.reason if isinstance(error, EngineEnded) else Reason.of(error)
            _log.warning("The adapters stay as they are: %s", reason.detail)
            self._place.write_spec(spec)
            if before is not None:
                self._announce(spec, before)
            self._say(reason=reason)
            return spec, assignment
        self._process = replacement
        if before is not None:
            self._drain(before)
        for name in set(self._opened) - {item.ref for item in wanted.artifacts}:
            self._opened.pop(name).close()
        return wanted, prepared

    def _drain(self, process: EngineProcess) -> None:
        process.disconnect()
        deadline = time.monotonic() + _DRAIN
        while process.status is None and connections(process.socket) and time.monotonic() < deadline:
            time.sleep(0.1)
        process.end()

    def _assignment(self, spec: EndpointSpec, scratch: Path) -> Assignment:
        """What the engine loads, verified."""
        assignment = Assignment(
            model=str(self._open(spec.model).path),
            name=spec.name,
            socket="unknown",
            key="unknown",
            context=spec.options.context,
            parallel=spec.options.parallel,
            threads=spec.options.threads or 1,
            adapters=tuple(AdapterFolder(item.name, str(self._open(item).path)) for item in spec.adapters),
            default_adapter=spec.default_adapter,
            embedder=self._folder(spec.embedder),
            reranker=self._folder(spec.reranker),
        )
        return load_engine(spec.engine).prepare(assignment, spec, self._place.home, scratch, self._tell)

    def _folder(self, wanted: ServedArtifact | None) -> ModelFolder | None:
        return ModelFolder(wanted.ref, wanted.digest, str(self._open(wanted).path)) if wanted else None

    def _open(self, wanted: ServedArtifact) -> VerifiedArtifact:
        if wanted.ref not in self._opened:
            self._say(text=f"Verifying {wanted.ref}")
            registry = Registry(self._place.home)
            found = registry.verified_open(wanted.ref)
            self._opened[wanted.ref] = found
            if found.artifact.digest != wanted.digest:
                raise VerificationError(
                    "digest_differs",
                    f"{wanted.ref} is not what it was when the endpoint was started.",
                    "Look at its attestation, and start the endpoint anew.",
                    expected=wanted.digest,
                    found=found.artifact.digest,
                )
        return self._opened[wanted.ref]

    def _close(self) -> None:
        for opened in self._opened.values():
            opened.close()

    def _say(self, **changes: Any) -> None:
        self._write(self._status.saying(**changes))

    def _tell(self, text: str) -> None:
        """Say what is being done now."""
        self._say(text=text)

    def _write(self, status: Status) -> None:
        before, self._status = self._status, status
        if status.text and status.text != before.text:
            _log.info("%s", status.text)
        self._place.write_status(status)

    def _end(self, state: State, reason: Reason | None) -> None:
        if self._process is not None:
            self._process.end()
        clear_leftovers(self._place)
        _log.info("%s", reason.detail if reason else "Stopped")
        self._write(self._status.ended(state, reason))

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped


def keep(place: Place) -> None:
    """Keep an endpoint; does nothing when another keeper does."""
    try:
        with locked(place.lock, fcntl.LOCK_EX | fcntl.LOCK_NB):
            Keeper(place).run()
    except BlockingIOError:
        _log.warning("Another keeper keeps %s", place.name)
