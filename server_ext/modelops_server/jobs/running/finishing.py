"""From a notebook that ran to registered artifacts: check what it declared, store it, publish all of it or nothing."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from modelops.errors import ModelOpsError, NonFinite
from modelops.files import write_atomic
from modelops.models import check_finite
from modelops.names import check_name
from modelops.registry import Artifact, Build, Dependency, FileEntry, Registry
from modelops.registry.database import transaction
from modelops.registry.locks import storing
from modelops_server.jobs.journal import read_events
from modelops_server.jobs.queue.queue import Queue
from modelops_server.jobs.running import environment
from modelops_server.jobs.spec import OUTPUT, JobSpec
from modelops_server.jobs.states import AttemptEnded, Reason, ReasonCode, State

RESULT = "result.json"

_TRAINED = frozenset({"model", "adapter"})


@dataclass(frozen=True)
class Declared:
    """An output as the notebook declared it, after its folder, name and kind were checked."""

    folder: Path
    name: str
    kind: str
    metadata: dict[str, Any]


def declared_outputs(folder: Path, offset: int = 0) -> list[Declared]:
    """The artifacts that the events from ``offset`` on declare; raises :class:`AttemptEnded` where one cannot be."""
    outputs: dict[Path, Declared] = {}
    for _, event in read_events(folder, offset):
        if event["type"] == "artifact":
            declared = _declared(folder / "outputs", event)
            outputs[declared.folder] = declared  # declared again: the last word counts
    return list(outputs.values())


def opened_inputs(folder: Path, offset: int = 0) -> list[str]:
    """The artifacts that the notebook opened, by the events from ``offset`` on; each once."""
    return list(
        dict.fromkeys(str(event.get("ref")) for _, event in read_events(folder, offset) if event["type"] == "input")
    )


def check_metrics(folder: Path, offset: int = 0) -> None:
    """Raise :class:`AttemptEnded` when the notebook reported a value that is not finite (sent as text, see events)."""
    for _, event in read_events(folder, offset):
        if event["type"] != "metric":
            continue
        for name, value in dict(event.get("values") or {}).items():
            if _is_non_finite(value):
                step = event.get("step")
                where = "" if step is None else f" at step {step}"
                raise AttemptEnded.failed(
                    ReasonCode.NON_FINITE,
                    f"{name} became {value}{where}: nothing of this run is registered.",
                    "Lower the learning rate, clip the gradients, or train in a wider float type.",
                    metric=name,
                    step=step,
                )


def check_weights(outputs: list[Declared]) -> None:
    """Raise :class:`AttemptEnded` when a model's or adapter's weights hold NaN or infinity."""
    for output in outputs:
        if output.kind in _TRAINED:
            try:
                check_finite(output.folder)
            except NonFinite as error:
                raise AttemptEnded.failed(
                    ReasonCode.NON_FINITE, f"{output.kind} {output.name}: {error.message}", error.hint, **error.details
                ) from error


@dataclass(frozen=True)
class Result:
    """What a notebook that ran to its end left behind, kept in ``result.json`` until it is stored."""

    folder: Path
    """The job's folder."""
    offset: int
    """Where the attempt's events begin in the journal."""
    environment_sha256: str
    started: datetime
    finished: datetime

    def write(self) -> None:
        """Keep it in the job's folder, as far as there is space: so the outputs can be stored later, too."""
        document = {
            "offset": self.offset,
            "environment_sha256": self.environment_sha256,
            "started": self.started.isoformat(),
            "finished": self.finished.isoformat(),
        }
        write_atomic(self.folder / RESULT, (json.dumps(document, indent=2) + "\n").encode())

    @classmethod
    def read(cls, folder: Path) -> Result:
        """The result that is kept in a job's folder."""
        document = json.loads((folder / RESULT).read_bytes())
        return cls(
            folder=folder,
            offset=document["offset"],
            environment_sha256=document["environment_sha256"],
            started=datetime.fromisoformat(document["started"]),
            finished=datetime.fromisoformat(document["finished"]),
        )


class Finisher:
    """Stores a finished attempt's outputs, then publishes them together with the job's success."""

    def __init__(self, queue: Queue, spec: JobSpec, epoch: int) -> None:
        self._queue = queue
        self._registry = Registry(queue.home, queue.database)
        self._spec = spec
        self._epoch = epoch

    def finish(self, result: Result) -> list[Artifact]:
        """Check, store and publish; raises :class:`AttemptEnded`, and then nothing is registered.

        Raises ``Unavailable`` while another process holds the database; then it can be called again.
        """
        with storing(self._queue.home):
            return self._finish(result)

    def _finish(self, result: Result) -> list[Artifact]:
        folder, offset = result.folder, result.offset
        check_metrics(folder, offset)
        outputs = declared_outputs(folder, offset)
        check_weights(outputs)
        try:
            staged = [(output, self._registry.stage(output.folder)) for output in outputs]
            build = Build(
                build_type="job",
                parameters=self._spec.parameters,
                dependencies=self._dependencies(result),
                invocation=self._spec.id,
                started=result.started,
                finished=result.finished,
                byproducts=tuple(self._byproduct(folder / name) for name in (OUTPUT, environment.FILE))
                if outputs
                else (),
            )
            return self._publish(staged, build)
        except ModelOpsError as error:
            if error.code == "database_locked":  # it can be tried again
                raise
            code = ReasonCode.DISK_FULL if error.code == "disk_full" else ReasonCode.INVALID_OUTPUT
            raise AttemptEnded.failed(code, error.message, error.hint, error=error.code, **error.details) from error

    def _publish(self, staged: list[tuple[Declared, tuple[FileEntry, ...]]], build: Build) -> list[Artifact]:
        with transaction(self._queue.database):
            # Asked before anything is signed, and held by the write lock until the end: a job that does not succeed
            # leaves no signed statement behind that says what it made.
            if not self._queue.may_succeed(self._spec.id, self._epoch):
                raise self._not_ours()  # cancelled, or fenced off
            artifacts = [
                self._registry.publish(files, name=output.name, kind=output.kind, metadata=output.metadata, build=build)
                for output, files in staged
            ]
            refs = [artifact.ref for artifact in artifacts]
            self._queue.move_within(self._spec.id, self._epoch, State.FINALIZING, State.SUCCEEDED, artifacts=refs)
        self._registry.catch_up()
        return artifacts

    def _not_ours(self) -> AttemptEnded:
        if self._queue.cancel_requested(self._spec.id):
            return AttemptEnded(
                State.CANCELLED, Reason(ReasonCode.CANCELLED, "Cancelled before its outputs were signed.")
            )
        reason = Reason(ReasonCode.FENCED, "Another attempt has taken this one's place.")
        return AttemptEnded(State.INTERRUPTED, reason)

    def _dependencies(self, result: Result) -> tuple[Dependency, ...]:
        spec = self._spec
        pinned = {item.ref: self._registry.get(item.ref).as_dependency(item.parameter) for item in spec.references}
        # What the notebook found by itself, such as the base model that an adapter names.
        opened = {
            ref: self._registry.get(ref).as_dependency("input") for ref in opened_inputs(result.folder, result.offset)
        }
        lock = environment.lock_of(result.folder)
        return (
            Dependency("template", spec.template_uri, spec.template_sha256),
            *{**opened, **pinned}.values(),
            Dependency("environment", f"file:{environment.FILE}", result.environment_sha256),
            *([Dependency("environment-lock", f"modelops:environment/{lock[0]}", lock[1])] if lock else []),
        )

    def _byproduct(self, path: Path) -> FileEntry:
        return FileEntry(path.name, *self._registry.blobs.add(path))


def _declared(outputs: Path, event: dict[str, Any]) -> Declared:
    folder, name, kind = (event.get(field) for field in ("folder", "name", "kind"))
    metadata = event.get("metadata") or {}
    if not (isinstance(folder, str) and isinstance(name, str) and isinstance(kind, str) and isinstance(metadata, dict)):
        raise _invalid("An artifact was declared without a folder, name or kind.", "Use modelops.log_artifact.")
    # The real path: a link inside of outputs/ could lead anywhere.
    place = Path(os.path.realpath(folder))
    if not place.is_relative_to(outputs.resolve()) or place == outputs.resolve():
        raise _invalid(
            f"The folder of {name!r} is not inside of the job's outputs: {folder}",
            "Make it with modelops.output_folder(name), and write the files there.",
        )
    try:
        check_name(name, "artifact name")
    except ModelOpsError as error:
        raise _invalid(error.message, error.hint) from error
    return Declared(place, name, kind, metadata)


def _invalid(message: str, hint: str) -> AttemptEnded:
    return AttemptEnded.failed(ReasonCode.INVALID_OUTPUT, message, hint)


def _is_non_finite(value: Any) -> bool:
    try:
        return not math.isfinite(float(value))
    except (TypeError, ValueError):
        return False  # some text: not a measure
